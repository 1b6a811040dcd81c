"""Text from outside, made fit for one line or for several."""

import re

# Not for the eye, and some of them (NUL) end a string somewhere down the line.
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_LINE_ENDS = re.compile(r"\r\n?|[\x85\u2028\u2029]")


def one_line(text: str) -> str:
    """`text` without control characters, each run of white space one space."""
    return " ".join(_CONTROLS.sub("", " ".join(text.split())).split())


def whole_lines(text: str) -> str:
    """`text` with newlines as its only line ends and without other control characters."""
    return _CONTROLS.sub("", _LINE_ENDS.sub("\n", text)).strip("\n")
