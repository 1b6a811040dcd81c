"""What makes a browser's push subscription acceptable (RFC 8030 endpoint, RFC 8291 keys).

The endpoint is a URL that a stranger's browser gives us and we will POST to, so its form is checked
here, when it is stored, and again when it is used; where its name leads is checked after DNS, when
we connect. Pure checks: nothing is looked up.
"""

import re
from base64 import b64decode
from urllib.parse import SplitResult, urlsplit

from notifybell.domain.errors import FieldProblem, InvalidField

_MAX_ENDPOINT = 2048
_AUTH_BYTES = 16
_POINT_BYTES = 65
# P-256 (FIPS 186-5): y² = x³ - 3x + b over the field of p elements.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B

# urlsplit() drops tabs and newlines and a browser reads "\" as "/", so neither may get that far.
_PLAIN_URL = re.compile(r"[!-\[\]-~]+")
_BASE64URL = re.compile(r"[A-Za-z0-9_-]+={0,2}")
_HOST_NAME = re.compile(r"(?=.{1,253}\.?$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)+[a-z0-9-]+\.?")
_NUMERIC_LABEL = re.compile(r"\d+|0x[0-9a-f]*")


def validate_subscription(
    endpoint: str,
    p256dh: str,
    auth: str,
    server_key: str | None = None,
    *,
    allow_private: bool = False,
) -> None:
    """Raise InvalidField naming every part that is not acceptable.

    `server_key` is the public key that the browser subscribed with, where it says so.

    `allow_private` also takes http, other ports and IP literals: push services of the own network.
    """
    checked = (
        FieldProblem("/endpoint", endpoint_problem(endpoint, allow_private=allow_private) or ""),
        FieldProblem("/keys/p256dh", _point_problem(p256dh) or ""),
        FieldProblem("/keys/auth", _auth_problem(auth) or ""),
        FieldProblem("/application_server_key", _point_problem(server_key) or ""),
    )
    problems = [problem for problem in checked if problem.message]
    if problems:
        raise InvalidField(problems[0].pointer, problems[0].message, *problems[1:])


def endpoint_problem(endpoint: str, *, allow_private: bool = False) -> str | None:
    """What is wrong with this endpoint, or None."""
    if len(endpoint) > _MAX_ENDPOINT:
        return f"must not be longer than {_MAX_ENDPOINT} characters"
    if not _PLAIN_URL.fullmatch(endpoint):
        return "must be a URL of printable ASCII characters"
    try:
        url = urlsplit(endpoint)
        port = url.port
    except ValueError:
        return "must be a URL"
    if not url.hostname:
        return "must be a URL with a host"
    if "@" in url.netloc:
        return "must not hold a user name or password"
    if allow_private:
        return None if url.scheme in ("http", "https") else "must be an http or https URL"
    return _public_endpoint_problem(url, url.hostname, port)


def keys_problem(p256dh: str, auth: str) -> str | None:
    """What is wrong with the keys of a subscription, or None."""
    if problem := _point_problem(p256dh):
        return f"p256dh {problem}"
    if problem := _auth_problem(auth):
        return f"auth {problem}"
    return None


def origin(endpoint: str) -> str:
    """Scheme, host and, unless it is the default, port of an acceptable endpoint (RFC 6454)."""
    url = urlsplit(endpoint)
    default = {"https": ":443", "http": ":80"}[url.scheme]
    return f"{url.scheme}://{url.netloc.lower().removesuffix(default)}"


def _public_endpoint_problem(url: SplitResult, host: str, port: int | None) -> str | None:
    if url.scheme != "https":
        return "must be an https URL"
    if port not in (None, 443):
        return "must use port 443"
    if ":" in host or _NUMERIC_LABEL.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return "must name its host, not give an IP address"
    if not _HOST_NAME.fullmatch(host):
        return "must name a public host"
    return None


def _point_problem(text: str | None) -> str | None:
    if text is None:
        return None
    raw = _decode(text)
    if raw is None:
        return "must be base64url"
    if len(raw) != _POINT_BYTES or raw[0] != 4:
        return "must be an uncompressed P-256 public key of 65 bytes"
    x, y = int.from_bytes(raw[1:33], "big"), int.from_bytes(raw[33:], "big")
    if x >= _P or y >= _P or (y * y - (x * x * x - 3 * x + _B)) % _P:
        return "must be a point on the curve P-256"
    return None


def _auth_problem(text: str) -> str | None:
    raw = _decode(text)
    if raw is None:
        return "must be base64url"
    return None if len(raw) == _AUTH_BYTES else f"must be {_AUTH_BYTES} bytes"


def _decode(text: str) -> bytes | None:
    # The lax decoder skips characters it does not know; a key read that way is another key.
    if not _BASE64URL.fullmatch(text):
        return None
    try:
        bare = text.rstrip("=")
        return b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return None
