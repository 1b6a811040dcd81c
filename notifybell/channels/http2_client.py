"""POST over HTTP/2, to hosts that the operator or we ourselves named. Apple speaks nothing else.

Never for addresses from outside: there is no guard here as in `http_client.py`. Nothing is
redirected, no proxy of the environment is used. One connection a host carries all its messages.

| fault                                      | raises             |
| ------------------------------------------ | ------------------ |
| no connection, no TLS, no answer in time   | Temporary, is_down |
| the connection broke, or was an old one    | Temporary          |

An `http://` URL means HTTP/2 without TLS, for a relay in the own network.
"""

import asyncio
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import httpcore
from multidict import CIMultiDict

from notifybell.channels.http_client import Answer
from notifybell.domain.errors import Temporary

_CONNECT_TIMEOUT_S = 10.0
_CONNECTIONS = 8
# Apple wants connections kept; past this, somebody on the way may have forgotten them.
_KEPT_IDLE_S = 600.0
_MAX_BODY_BYTES = 16 * 1024


class Http2Client:
    """A pool of connections, opened on first use."""

    def __init__(self, *, timeout_s: float = 30, ca_file: str | None = None) -> None:
        """`ca_file` stands in for the system's certificates."""
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl.create_default_context(cafile=ca_file),
            max_connections=_CONNECTIONS,
            keepalive_expiry=_KEPT_IDLE_S,
            http1=False,
            http2=True,
        )
        self._timeouts = {
            "connect": min(_CONNECT_TIMEOUT_S, timeout_s),
            "read": timeout_s,
            "write": timeout_s,
            "pool": timeout_s,
        }
        # The pool only gives a dead connection up when its own timeout ends: that comes first.
        self._longest_s = 2 * timeout_s + _CONNECT_TIMEOUT_S

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """POST once. Any status is an Answer; raises Temporary when there is none."""
        host = urlsplit(url).hostname
        try:
            async with asyncio.timeout(self._longest_s):
                return await self._post(url, headers, body)
        except httpcore.ConnectError as exc:
            raise Temporary(f"{host} could not be connected to: {exc}", is_down=True) from exc
        except (TimeoutError, httpcore.TimeoutException) as exc:
            raise Temporary(f"{host} did not answer in time", is_down=True) from exc
        except (httpcore.NetworkError, httpcore.ProtocolError) as exc:
            # Not down: all that was on one old connection fails at once, the next one may work.
            reason = str(exc) or type(exc).__name__
            raise Temporary(f"the connection to {host} broke: {reason}") from exc

    async def aclose(self) -> None:
        """Close every connection."""
        await self._pool.aclose()

    async def _post(self, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        async with self._pool.stream(
            "POST",
            url,
            headers=[*headers.items(), ("content-length", str(len(body)))],
            content=body,
            extensions={"timeout": self._timeouts},
        ) as response:
            said = CIMultiDict(
                (key.decode("latin-1"), value.decode("latin-1")) for key, value in response.headers
            )
            return Answer(response.status, said, await _read_some(response))


async def _read_some(response: httpcore.Response) -> bytes:
    body = b""
    async for part in response.aiter_stream():
        body += part
        if len(body) >= _MAX_BODY_BYTES:
            break
    return body[:_MAX_BODY_BYTES]
