"""Text from outside, made fit for one line or for several, and for the room there is."""

import re
from bisect import bisect_right
from collections.abc import Callable

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.domain import markup

# Not for the eye, and some of them (NUL) end a string somewhere down the line.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_ELLIPSIS = "…"
_LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """`text` without control characters or forced directions, each run of white space one space."""
    text = markup.undirected(text)
    return " ".join(_CONTROLS.sub("", " ".join(text.split())).split())


def whole_lines(text: str) -> str:
    """`text` with newlines as its only line ends and without other control characters."""
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)).strip("\n")


def without_markup(content: str, base_url: str) -> str:
    """Content for where there is only text: its links become `words (address)`."""
    return markup.as_text(content, lambda href: absolute_link(href, base_url))


def shortened(text: str, room: int, size: Callable[[str], int] = len) -> str:
    """`text`, or its beginning and an ellipsis, in at most `room` of what `size` counts.

    `size` must never shrink as a text grows.
    """
    if size(text[: room + 1]) <= room and len(text) <= room:
        return text
    room -= size(_ELLIPSIS)
    kept = bisect_right(range(max(room, 0) + 1), room, key=lambda n: size(text[:n])) - 1
    return text[:kept].rstrip() + _ELLIPSIS if kept > 0 else ""


def json_bytes(text: str) -> int:
    """Its size inside a JSON document."""
    return len(msgspec.json.encode(text)) - 2


def utf8_bytes(text: str) -> int:
    """Its size as UTF-8."""
    return len(text.encode())


def utf16_units(text: str) -> int:
    """Its length as JavaScript and Telegram count it."""
    return len(text.encode("utf-16-le")) // 2
