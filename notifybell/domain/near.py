"""Sentences about names that do not exist, with the one that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def no_such(noun: str, name: str, known: Iterable[str]) -> str:
    """`there is no such channel; did you mean 'email'?`"""
    near = get_close_matches(name, list(known), n=1)
    return f"there is no such {noun}" + (f"; did you mean {near[0]!r}?" if near else "")
