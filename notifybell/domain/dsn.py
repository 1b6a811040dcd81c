"""Delivery status notifications (RFC 3464, RFC 6533): which addresses a bounced mail was for.

Only what a mail server wrote for programs is read, never the prose. The mail comes from outside and
may be forged or broken: nothing here trusts it, and its parts, recipients and lines are bounded.
"""

import re
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32

import msgspec

from notifybell.domain.errors import InvalidField
from notifybell.domain.identities import email_problem
from notifybell.domain.mail_status import status_means_gone

MAX_PARTS = 20
MAX_RECIPIENTS = 100

_LONGEST_CONTENT_TYPE = 1_000
_LONGEST_FIELD = 2_000
_LONGEST_DETAIL = 300

_STATUS_PARTS = {"message/delivery-status", "message/global-delivery-status"}
_ADDRESS_TYPES = {"rfc822", "utf-8"}
_FOLD = re.compile(r"\n[ \t]+")
_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_ESCAPED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")  # RFC 6533, section 3


class Bounce(msgspec.Struct, frozen=True, kw_only=True):
    """What a report says of one recipient."""

    addresses: tuple[str, ...]
    #: the one that the mail was sent to first, then the one where it ended; never empty
    action: str
    #: in lower case: failed, delayed, delivered, relayed, expanded
    status: str
    #: like 5.1.1; "" where there is none
    reply: str
    #: what the mail server said that refused it; "" where nothing is quoted

    @property
    def detail(self) -> str:
        """The words to keep."""
        return (self.reply or f"status {self.status}")[:_LONGEST_DETAIL]

    @property
    def objection(self) -> str | None:
        """Why it is no reason to give up the address, or None."""
        if self.action != "failed":
            return f"the report says {self.action or 'nothing'}, not failed"[:_LONGEST_DETAIL]
        if not self.status.startswith("5"):
            return f"the status {self.status or 'is missing, so it'} may pass"
        if not status_means_gone(self.status, self.reply):
            return f"the refusal is not about the address: {self.detail}"
        return None


def parse(raw: bytes) -> list[Bounce]:
    """What the report says, recipient by recipient. Raises InvalidField for what is no report."""
    bounces: list[Bounce] = []
    for part in _parts(raw.lstrip()):
        if part.get_content_type() in _STATUS_PARTS:
            bounces += _bounces(_text(part))
    if not bounces:
        raise _no_report("it has no part message/delivery-status that names a recipient")
    if len(bounces) > MAX_RECIPIENTS:
        raise _no_report(f"it names more than {MAX_RECIPIENTS} recipients")
    return bounces


def _no_report(why: str) -> InvalidField:
    return InvalidField("", f"This is no delivery status notification (RFC 3464): {why}.")


def _parts(raw: bytes) -> Iterator[Message]:
    """The parts of the report. What is inside them, such as the returned mail, stays unread."""
    whole = _headers(raw)
    if whole.get_content_type() != "multipart/report":
        raise _no_report(f"its type is {whole.get_content_type()[:80]}, not multipart/report")
    boundary = _boundary(whole)
    if not boundary:
        raise _no_report("its parts have no boundary")
    line = (
        rb"(?:\A|\r?\n)--" + re.escape(boundary.encode(errors="replace")) + rb"(?:--)?[ \t]*\r?\n"
    )
    body = raw[_end_of_headers(raw) :] + b"\n"
    _, *parts = re.split(line, body, maxsplit=MAX_PARTS + 1)
    if len(parts) > MAX_PARTS:
        raise _no_report(f"it has more than {MAX_PARTS} parts")
    yield from map(_headers, parts)


def _boundary(whole: Message) -> str | None:
    try:
        return whole.get_boundary()
    except ValueError:  # its parameter names a character set with NUL in it
        return None


def _headers(raw: bytes) -> Message:
    """A mail or a part whose body is left as one text, whatever its type says."""
    found = BytesHeaderParser(policy=compat32).parsebytes(raw)
    # Parsing the parameters takes time by the square of their length.
    if len(str(found.get("content-type", ""))) > _LONGEST_CONTENT_TYPE:
        raise _no_report("its Content-Type is too long")
    return found


def _end_of_headers(raw: bytes) -> int:
    found = re.search(rb"\r?\n\r?\n", raw)
    return len(raw) if found is None else found.end()


def _text(part: Message) -> str:
    data = part.get_payload(decode=True)
    text = data.decode(errors="replace") if isinstance(data, bytes) else ""
    return text.replace("\r\n", "\n")


def _bounces(text: str) -> Iterator[Bounce]:
    """A block of fields for each recipient; the block about the mail itself has no address."""
    for block in _BLANK_LINES.split(text.strip()):
        fields = _fields(block)
        named = [fields.get(name, "") for name in ("original-recipient", "final-recipient")]
        addresses = dict.fromkeys(form for value in named for form in _addresses(value))
        if addresses:
            yield Bounce(
                addresses=tuple(addresses),
                action=_first_word(fields.get("action", "")),
                status=_status(fields.get("status", "")),
                reply=_reply(fields.get("diagnostic-code", "")),
            )


def _fields(block: str) -> dict[str, str]:
    """Field values by name in lower case, unfolded; lines that are no field are left out."""
    fields: dict[str, str] = {}
    for line in _FOLD.sub(" ", block).split("\n"):
        name, colon, value = line[:_LONGEST_FIELD].partition(":")
        if colon:
            fields.setdefault(name.strip().lower(), value.strip())
    return fields


def _addresses(value: str) -> list[str]:
    """`rfc822; ann@example.com` as the forms in which we may know it; none for other kinds."""
    kind, semicolon, text = value.partition(";")
    if not semicolon:
        kind, text = "rfc822", value  # some leave the type out
    if kind.strip().lower() not in _ADDRESS_TYPES:
        return []
    address = _ESCAPED.sub(_unescaped, text).strip().removeprefix("<").removesuffix(">")
    if email_problem(address):
        return []
    local, _, domain = address.rpartition("@")
    return [address, *(f"{local}@{other}" for other in _other_forms(domain))]


def _unescaped(found: re.Match[str]) -> str:
    number = int(found[1], 16)
    return chr(number) if number <= 0x10FFFF else ""


def _other_forms(domain: str) -> Iterator[str]:
    """A domain in ASCII as people write it, and the other way round."""
    try:
        other = (
            domain.encode().decode("idna") if domain.isascii() else domain.encode("idna").decode()
        )
    except UnicodeError:
        return
    if other.lower() != domain.lower():
        yield other


def _first_word(value: str) -> str:
    return value.lower().partition(" ")[0]


def _status(value: str) -> str:
    found = _STATUS.match(value)
    return "" if found is None else found[0]


def _reply(value: str) -> str:
    """`smtp; 550 no such user` without its type, on one line of printable characters."""
    _, semicolon, text = value.partition(";")
    words = " ".join((text if semicolon else value).split())
    return "".join(char for char in words if char.isprintable())
