"""What an examination found: a state, a sentence, and what to do about it."""

from typing import Literal

import msgspec

FindingState = Literal["ok", "warning", "problem"]


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at.

    A problem breaks something today; a warning will, or may, or breaks it for some.
    """

    check: str
    #: what was looked at, in a word: "disk", "email.auth"
    state: FindingState
    found: str
    todo: str | None = None
    #: None where nothing is to be done


def ok(check: str, found: str) -> Finding:
    """Nothing to do."""
    return Finding(check, "ok", found)


def warning(check: str, found: str, todo: str) -> Finding:
    """Look at it soon."""
    return Finding(check, "warning", found, todo)


def problem(check: str, found: str, todo: str) -> Finding:
    """Something does not work."""
    return Finding(check, "problem", found, todo)
