"""What an HTTP service's answer means for a message.

| answer                     | becomes                                                    |
| -------------------------- | ---------------------------------------------------------- |
| 2xx                        | Receipt                                                    |
| 404, 410                   | AddressGone: whoever gave us this address took it back     |
| 401, 403                   | Misconfigured, where the key is the operator's (`setting`) |
| 401, 403                   | AddressGone, where the address is its own key              |
| 408, 425, 429, 5xx         | Temporary, with the Retry-After it asks for                |
| 3xx, other 4xx             | Rejected                                                   |
"""

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from math import ceil

from notifybell.channels.base import Receipt
from notifybell.channels.http_client import Answer
from notifybell.domain.clock import SECOND_MS
from notifybell.domain.errors import AddressGone, Misconfigured, Rejected, SendError, Temporary

_SHOWN_BYTES = 200
_TRY_AGAIN = (408, 425, 429)
_DOWN = (502, 503, 504)
"""What a gateway says in the place of a host that is not there."""


def receipt(answer: Answer, service: str, *, now: int, setting: str | None = None) -> Receipt:
    """The receipt of a 2xx answer; raises what any other means. `service` is its name for people.

    `setting` names the configuration key that 401 and 403 complain about; None where the address
    itself is the key.
    """
    if 200 <= answer.status < 300:
        return Receipt(str(answer.status))
    raise failure(answer, service, now=now, setting=setting)


def failure(answer: Answer, service: str, *, now: int, setting: str | None = None) -> SendError:
    """The error that this answer is, as the table says."""
    status, said = answer.status, what_it_said(answer)
    if status in (404, 410):
        return AddressGone(f"{service} no longer knows this address: {said}")
    if status in (401, 403):
        if setting is not None:
            return Misconfigured(setting, f"{service} refuses our key: {said}")
        return AddressGone(f"{service} no longer lets us in: {said}")
    if status in _TRY_AGAIN or status >= 500:
        return busy(answer, service, now=now)
    if 300 <= status < 400:
        return Rejected(f"{service} redirects, which is not followed: {said}")
    return Rejected(f"{service} refuses the message: {said}")


def busy(answer: Answer, service: str, *, now: int) -> Temporary:
    """The answer of a service that may take the message later."""
    return Temporary(
        f"{service} is busy: {what_it_said(answer)}",
        retry_after_s=retry_after_s(answer.headers, now),
        is_down=answer.status in _DOWN,
    )


def what_it_said(answer: Answer) -> str:
    """Status and the beginning of the body, on one line, for people."""
    text = " ".join(answer.body[:_SHOWN_BYTES].decode(errors="replace").split())
    return f"{answer.status} {text}".rstrip()


def retry_after_s(headers: Mapping[str, str], now: int) -> int | None:
    """The wait that Retry-After asks for (seconds, or a date: RFC 9110, 10.2.3), or None."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return int(value[:9])
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = date if date.tzinfo else date.replace(tzinfo=UTC)
    return max(0, ceil(moment.timestamp() - now / SECOND_MS))
