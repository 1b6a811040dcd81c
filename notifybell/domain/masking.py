"""What others say, fit for the log: a relay's words quote addresses, links and keys of people.

| in the text                              | becomes                  |
| ---------------------------------------- | ------------------------ |
| the message's own title, text or address | `…`                      |
| a mail address                           | `…@example.com`          |
| a link                                   | `https://example.com/…`  |
| a number of eight digits or more         | `…`                      |
| 24 or more letters with digits in a row  | `…`                      |
"""

import re

_MAIL = re.compile(r"[^\s<>\"'(),;:=/&?]+(?:@|%40)(?=[\w-]+(?:\.[\w-]+)+)")
_LINK = re.compile(r"\b(https?://)(?:[^\s/?#\"'<>]*@)?([^\s/?#\"'<>]+)[/?#][^\s\"'<>]*")
_NUMBER = re.compile(r"\+?\d(?:[ -]?\d){7,}")
_KEY = re.compile(r"(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{24,}")
_SHORT = 3


def masked(text: str, *private: str | None) -> str:
    """A failure's words without anybody's data; `private` is what else must not be in it."""
    for one in private:
        if one is not None and len(one) > _SHORT:
            text = text.replace(one, "…")
    for pattern, left in ((_LINK, r"\1\2/…"), (_MAIL, "…@"), (_NUMBER, "…"), (_KEY, "…")):
        text = pattern.sub(left, text)
    return text


def without_mail_addresses(text: str) -> str:
    """The one part of it that is right for every line."""
    return _MAIL.sub("…@", text) if "@" in text or "%40" in text else text
