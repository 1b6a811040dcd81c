"""Names that do not exist, and the one that was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches


def closest(word: str, known: Collection[str]) -> str | None:
    """The known word that was probably meant, None when none is near."""
    near = get_close_matches(word, list(known), n=1)
    return near[0] if near else None


def no_such(noun: str, name: str, known: Collection[str]) -> str:
    """`there is no such channel; did you mean 'email'?`"""
    near = closest(name, known)
    return f"there is no such {noun}" + (f"; did you mean {near!r}?" if near else "")


def nearest(word: str, known: Collection[str]) -> str:
    """What an unknown word was probably meant to be, else all that would do."""
    near = closest(word, known)
    return f"did you mean {near}?" if near else f"known here: {', '.join(known) or 'nothing'}"


def none_of(found: str, allowed: Collection[str]) -> str:
    """`'emial' is not allowed here; one of: email, in_app`."""
    return f"{found!r} is not allowed here; one of: {', '.join(allowed)}"
