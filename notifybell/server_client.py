"""The running server, as the command line calls it: one request, its JSON, or a readable error."""

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import requests

from notifybell.config import Config
from notifybell.domain.errors import ConfigError, NotifyBellError

_TIMEOUT_S = 30
_PAGE = 100
_ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 (compared, not bound)


class Unreachable(NotifyBellError):
    """No server answers."""

    code = "unreachable"


class ServerRefused(NotifyBellError):
    """The server answered with an error."""

    code = "refused"


class ServerClient:
    """Speaks for the first project token of the configuration."""

    def __init__(self, config: Config, url: str | None) -> None:
        """`url` is another address than the one the configuration listens on."""
        if not config.auth.project_tokens:
            raise ConfigError(
                "auth.project_tokens is empty, so this command cannot log in: add a token, restart "
                "the server, then run `notifybell check`"
            )
        self._url = (url or local_url(config)).rstrip("/")
        token = config.auth.project_tokens[0].token
        self._http = requests.Session()
        # A proxy meant for the internet cannot reach a server on this machine.
        self._http.trust_env = False
        self._http.headers["Authorization"] = f"Bearer {token}"

    def __enter__(self) -> "ServerClient":
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        params: Mapping[str, str | int] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """The answer's JSON, None when it has no body. Raises Unreachable or ServerRefused."""
        try:
            answer = self._http.request(
                method,
                f"{self._url}/api{path}",
                data=None if body is None else json.dumps(body).encode(),
                params=params,
                headers={"Content-Type": "application/json", **(headers or {})},
                timeout=_TIMEOUT_S,
                allow_redirects=False,
            )
        except requests.ReadTimeout as exc:
            raise Unreachable(
                f"the server at {self._url} did not answer within {_TIMEOUT_S} seconds; "
                "whether it took the request is not known"
            ) from exc
        except (requests.RequestException, UnicodeError) as exc:
            raise Unreachable(
                f"no server answers at {self._url}: start it with `notifybell serve`, or name "
                "its address with --url"
            ) from exc
        return _read(answer)

    def one(self, path: str, item: str, then: str = "") -> Any:
        """One item of a list by its id, or with `then` what is done to it."""
        return self.call("POST" if then else "GET", f"{path}/{quote(item, safe='')}{then}")

    def each(self, path: str, limit: int, **params: str | None) -> Iterator[dict[str, Any]]:
        """Up to `limit` items of a list, page after page."""
        asked: dict[str, str | int] = {k: v for k, v in params.items() if v is not None}
        while limit > 0:
            page = self.call("GET", path, params={**asked, "limit": min(limit, _PAGE)})
            yield from page["data"][:limit]
            limit -= len(page["data"])
            # Links lead to the public address, which may not be reachable from here.
            query = parse_qs(urlsplit(page["links"]["next"] or "").query)
            if "starting_after" not in query or not page["data"]:
                return
            asked["starting_after"] = query["starting_after"][0]


def local_url(config: Config) -> str:
    """Where the server of this configuration answers on this machine. Raises ConfigError."""
    server = config.server
    if server.port == 0:
        raise ConfigError(
            "server.listen has port 0, so the port is known only to the server's log (\"listening "
            'url=…"): name the address with --url'
        )
    host = _ANY_ADDRESS.get(server.host, server.host)
    return f"http://{f'[{host}]' if ':' in host else host}:{server.port}"


def _read(answer: requests.Response) -> Any:
    try:
        data = answer.json() if answer.content else None
    except ValueError:
        data = None
    if answer.ok and (data is not None or not answer.content):
        return data
    raise ServerRefused(_problem(answer, data))


def _problem(answer: requests.Response, data: object) -> str:
    """RFC 9457's detail and what `errors` adds to it, a line each; or what else came."""
    if not isinstance(data, dict) or "title" not in data:
        return (
            f"{answer.url} answered {answer.status_code} and is not NotifyBell: look at "
            "server.listen, or name the server's address with --url"
        )
    detail = data.get("detail") or data["title"]
    lines = [f"the server answered {answer.status_code}: {detail}"]
    for error in data.get("errors") or []:
        line = f"{error['pointer']}: {error['message']}".removeprefix(": ")
        if line != detail:
            lines.append(f"  {line}")
    if data.get("request_id") and answer.status_code >= 500:
        lines.append(f"  request_id {data['request_id']} is in the server's log")
    return "\n".join(lines)
