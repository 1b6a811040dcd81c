"""The languages that we have words in, and language tags as people write them.

Each has a row in channels/mail_words.py and in api/unsubscribe_words.py, and a file in web/lang/.
"""

import re

#: the first is what is spoken where nothing else fits
LANGUAGES = ("en", "de", "fr", "es", "pt", "ja", "zh", "ar")

_TAG = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*")


def is_tag(text: str) -> bool:
    """Whether it looks like one: `de`, `pt-BR`; `de_AT` too."""
    return _TAG.fullmatch(text) is not None


def language(tag: str) -> str:
    """`de` of `de-AT` and `de_AT`, whether or not we have words in it."""
    return tag.replace("_", "-").lower().partition("-")[0]
