"""The widget's files, from memory: compressed once at start, revalidated by ETag.

`/notifybell.js` is the bell in one file, `/notifybell-panel.js` what it fetches for its panel and
`/notifybell-all.js` every element; the modules they are made of are there too, for headless use,
and `/lang/de.js` and its like with the words of other languages.

Module scripts on other sites are fetched with CORS, so these files say `*`: they are public and
carry no data. `no-cache` means "ask first", so that an upgrade never mixes old modules with new.
"""

import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import brotli
import msgspec
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler

import notifybell
from notifybell.api.widget_bundle import bundle, module_text

#: without the character set, which Litestar adds to text
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


#: modules that are served with all they import
ENTRIES = (
    *("notifybell.js", "notifybell-all.js"),
    *("notifybell-panel.js", "notifybell-preferences.js", "notifybell-push.js"),
)


class Asset(msgspec.Struct, frozen=True):
    """One file in all the forms it is sent in."""

    media_type: str
    etag: str
    encodings: dict[str, bytes]
    #: by content-coding, best first; "identity" is always there


def web_folder() -> Path:
    """Where the widget's files are: inside an installed package, or beside it in a checkout."""
    package = Path(notifybell.__file__).parent
    installed = package / "web"
    return installed if installed.is_dir() else package.parent / "web"


def load_asset(path: Path) -> Asset:
    """Read a file and compress it."""
    return make_asset(path.read_bytes(), path.suffix)


def make_asset(body: bytes, suffix: str) -> Asset:
    """A file that exists in memory only; `suffix` is that of its name."""
    return _asset(body, _TYPES[suffix])


@cache  # compressing takes most of the start; once a process is enough
def _asset(body: bytes, media_type: str) -> Asset:
    return Asset(
        media_type=media_type,
        etag=f'"{hashlib.sha256(body).hexdigest()[:20]}"',
        encodings={
            "br": brotli.compress(body),
            "gzip": gzip.compress(body, mtime=0),
            "identity": body,
        },
    )


def widget_routes() -> list[HTTPRouteHandler]:
    """A public route for the widget, `/notifybell.js`, and for each module."""
    return [asset_route(path, asset, {}) for path, asset in widget_assets().items()]


def widget_assets() -> dict[str, Asset]:
    """The widget's files by their paths, as they are served."""
    folder = web_folder()
    files = [*sorted(folder.glob("*.js")), *sorted(folder.glob("lang/*.js"))]
    texts = {path.relative_to(folder).as_posix(): module_text(path) for path in files}
    texts |= {name: bundle(folder, name) for name in ENTRIES}
    return {f"/{name}": make_asset(text.encode(), ".js") for name, text in texts.items()}


def asset_route(path: str, asset: Asset, headers: dict[str, str]) -> HTTPRouteHandler:
    """A public route that serves one file."""

    async def handler(request: Request[Any, Any, Any]) -> Response[bytes]:
        return _answer(asset, request, headers)

    return get(path, access="public", include_in_schema=False, name=f"asset {path}")(handler)


def _answer(asset: Asset, request: Request[Any, Any, Any], more: dict[str, str]) -> Response[bytes]:
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
    coding = _best_coding(asset, request.headers.get("accept-encoding", ""))
    if coding != "identity":
        headers["content-encoding"] = coding
    return Response(asset.encodings[coding], headers=headers, media_type=asset.media_type)


def _best_coding(asset: Asset, accepted: str) -> str:
    """The smallest form that the client takes (RFC 9110, section 12.5.3)."""
    offers = [part.strip().replace(" ", "") for part in accepted.split(",")]
    names = {offer.partition(";")[0] for offer in offers if not offer.endswith((";q=0", ";q=0.0"))}
    return next((coding for coding in asset.encodings if coding in names), "identity")
