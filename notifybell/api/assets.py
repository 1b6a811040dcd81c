"""Files that are served from memory: compressed when first asked for, revalidated by ETag.

They are public and carry no data, so that any site may have them: module scripts on other sites are
fetched with CORS. `no-cache` means "ask first".
"""

import asyncio
import gzip
import hashlib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import brotli
import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

#: without the character set, which Litestar adds to text
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}

#: by content-coding, best first
_CODERS: dict[str, Callable[[bytes], bytes]] = {"br": brotli.compress, "gzip": gzip.compress}


class Asset(msgspec.Struct, frozen=True):
    """One file in the forms it was asked for in so far."""

    media_type: str
    etag: str
    body: bytes
    encoded: dict[str, bytes]
    #: by content-coding; filled in as clients ask, since compressing all of them takes a second


def load_asset(path: Path) -> Asset:
    """Read a file and compress it."""
    return make_asset(path.read_bytes(), path.suffix)


def make_asset(body: bytes, suffix: str) -> Asset:
    """A file that exists in memory only; `suffix` is that of its name."""
    return _asset(body, _TYPES[suffix])


@cache  # what is compressed once is compressed for all applications of the process
def _asset(body: bytes, media_type: str) -> Asset:
    etag = f'"{hashlib.sha256(body).hexdigest()[:20]}"'
    return Asset(media_type=media_type, etag=etag, body=body, encoded={})


def asset_route(path: str, asset: Asset, headers: dict[str, str]) -> HTTPRouteHandler:
    """A public route that serves one file."""
    return asset_routes({path: asset}, lambda _: headers)


def asset_routes(
    assets: Mapping[str, Asset], headers: Callable[[str], dict[str, str]]
) -> HTTPRouteHandler:
    """One public handler for files by their paths: a handler each would take most of the start."""

    async def handler(request: Request[Any, Any, Any]) -> Response[bytes]:
        path = request.scope["path"].rstrip("/") or "/"
        return await _answer(assets[path], request, headers(path))

    paths = list(assets)
    return get(paths, access="public", include_in_schema=False, name=f"asset {paths[0]}")(handler)


async def _answer(
    asset: Asset, request: Request[Any, Any, Any], more: dict[str, str]
) -> Response[bytes]:
    headers = {
        "etag": asset.etag,
        "cache-control": "no-cache",
        "vary": "Accept-Encoding",
        "access-control-allow-origin": "*",
        "cross-origin-resource-policy": "cross-origin",
        **more,
    }
    known = request.headers.get("if-none-match", "")
    if asset.etag in known or known == "*":
        return Response(b"", status_code=304, headers=headers, media_type=asset.media_type)
    coding = _best_coding(request.headers.get("accept-encoding", ""))
    if coding is None:
        return Response(asset.body, headers=headers, media_type=asset.media_type)
    if coding not in asset.encoded:
        asset.encoded[coding] = await asyncio.to_thread(_CODERS[coding], asset.body)
    headers["content-encoding"] = coding
    return Response(asset.encoded[coding], headers=headers, media_type=asset.media_type)


def _best_coding(accepted: str) -> str | None:
    """The smallest form that the client takes (RFC 9110, section 12.5.3); None: as it is."""
    offers = [part.strip().replace(" ", "") for part in accepted.split(",")]
    names = {offer.partition(";")[0] for offer in offers if not offer.endswith((";q=0", ";q=0.0"))}
    return next((coding for coding in _CODERS if coding in names), None)
