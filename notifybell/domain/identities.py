"""What a user may be known by: the project's own id, an email address.

The rules are those of what is done with them: an external id stands in paths and headers, an
address in the header of a mail.
"""

import re

from notifybell.domain.model import Recipient

_LONGEST_EXTERNAL_ID = 255
_LONGEST_EMAIL = 254
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_WORD = r"[^@\s\x00-\x1f\x7f\ud800-\udfff<>,;:\"\\()\[\]]+"
_EMAIL = re.compile(f"{_WORD}@{_WORD}")


def external_id_problem(external_id: str) -> str | None:
    """What is wrong with this external id, or None."""
    if not 1 <= len(external_id) <= _LONGEST_EXTERNAL_ID:
        return f"must have 1 to {_LONGEST_EXTERNAL_ID} characters"
    return "holds control characters" if _CONTROL.search(external_id) else None


def email_problem(email: str) -> str | None:
    """What is wrong with this address, or None."""
    if len(email) > _LONGEST_EMAIL:
        return f"must not be longer than {_LONGEST_EMAIL} characters"
    return None if _EMAIL.fullmatch(email) else "is not an email address"


def problem(who: Recipient) -> str | None:
    """What is wrong with the names of one user, as a sentence's end, or None."""
    if who.external_id is not None and (wrong := external_id_problem(who.external_id)):
        return f"external_id {wrong}"
    if who.email is not None and (wrong := email_problem(who.email)):
        return f"email {wrong}"
    return None
