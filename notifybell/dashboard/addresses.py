"""Addresses as the dashboard shows them: enough to tell them apart, not to write to them."""

from urllib.parse import urlsplit

from notifybell.domain.model import Token

_SHOWN = 6


def masked(address: str | None) -> str:
    """`a…@example.com`; ids of tokens and names of webhooks are no secret and stay."""
    if not address:
        return "–"
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}…@{domain}" if at else address


def masked_token(token: Token) -> str:
    """Where it is, and how its address ends."""
    host = token.host or urlsplit(token.address).hostname or ""
    if "@" in token.address:
        return masked(token.address)
    end = token.address[-_SHOWN:] if len(token.address) > 2 * _SHOWN else ""
    return f"{host} …{end}" if host else f"…{end}"


def name_of(external_id: str | None, email: str | None, user_id: str) -> str:
    """What to call a user in a list."""
    return external_id or (masked(email) if email else user_id)
