"""The hosted inbox at `/inbox`: a page that can be installed, and that opens without a network.

The page is the same for everyone and holds nothing of anybody's: who is signed in, its script asks
(`inbox_sessions.py`). Everything it is made of comes from memory, as the widget does.
"""

import hashlib
from pathlib import Path
from typing import Any

import msgspec
from litestar.handlers import HTTPRouteHandler

from notifybell.api import inbox_sessions
from notifybell.api.assets import Asset, asset_route, load_asset, make_asset
from notifybell.api.page_templates import templates_of
from notifybell.api.shipped import shipped
from notifybell.api.widget import copied_files, widget, widget_assets
from notifybell.config import Config

PAGE_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; manifest-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types notifybell-inbox notifybell-worker"
)
_WORKER_CSP = "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' https:"
#: what the page's own script is made of
_MODULES = ("/inbox/words.js", "/languages.js", "/hosted-labels.js")
#: all that is needed without a network, beside the languages
_WIDGET_FILES = ("/languages.js", "/hosted-labels.js")
_TEMPLATES = templates_of("notifybell.api")
_PRIVATE = {"cross-origin-resource-policy": "same-origin"}
_PAGE_HEADERS = {
    "content-security-policy": PAGE_CSP,
    "cross-origin-opener-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
    **_PRIVATE,
}
_WORKER_HEADERS = {
    "content-security-policy": _WORKER_CSP,
    "service-worker-allowed": inbox_sessions.PATH,
    **_PRIVATE,
}
_COLORS = {"light": "#ffffff", "dark": "#18191d"}
_ICONS = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-maskable-512.png", "512x512", "maskable"),
    ("icon.svg", "any", "any"),
)


def inbox_routes(config: Config) -> list[Any]:
    """The page, its files and its sessions; nothing where the inbox is off."""
    if not config.inbox.enabled:
        return []
    page = make_asset(_page(config).encode(), ".html")
    files = {"manifest.webmanifest": make_asset(_manifest(config), ".webmanifest"), **_files()}
    return [
        asset_route("/inbox", page, _PAGE_HEADERS),
        asset_route("/inbox/sign-in", page, _PAGE_HEADERS),
        asset_route("/inbox/sw.js", _worker({"": page, **files}), _WORKER_HEADERS),
        *(asset_route(f"/inbox/{name}", asset, _PRIVATE) for name, asset in files.items()),
        *_SESSIONS,
    ]


def signs_in_by_mail(config: Config) -> bool:
    """Whether people can ask for a link."""
    return config.inbox.enabled and config.inbox.sign_in and config.email is not None


_SESSIONS: tuple[HTTPRouteHandler, ...] = (
    inbox_sessions.open_session,
    inbox_sessions.renew_token,
    inbox_sessions.sign_out,
    inbox_sessions.ask_for_link,
    inbox_sessions.use_link,
)


def _folder() -> Path:
    return shipped("web") / "inbox"


def _files() -> dict[str, Asset]:
    return {
        path.name: load_asset(path)
        for path in sorted(_folder().iterdir())
        if path.name != "sw.js" and path.suffix in (".js", ".css", ".svg", ".png")
    }


def _page(config: Config) -> str:
    return _TEMPLATES.get_template("inbox.html").render(
        title=config.inbox.title,
        by_mail=signs_in_by_mail(config),
        widget=f"{widget().folder}/notifybell-all.js",
        modules=_MODULES,
        push=config.web_push is not None,
        colors=_COLORS,
    )


def _manifest(config: Config) -> bytes:
    """What a browser needs to install the page (W3C Web Application Manifest)."""
    manifest = {
        "id": "/inbox",
        "name": config.inbox.title,
        "short_name": config.inbox.title,
        "start_url": "/inbox",
        "scope": "/inbox",
        "display": "standalone",
        "background_color": _COLORS["light"],
        "theme_color": _COLORS["light"],
        "icons": [
            {
                "src": f"/inbox/{name}",
                "sizes": sizes,
                "type": "image/svg+xml" if name.endswith(".svg") else "image/png",
                "purpose": purpose,
            }
            for name, sizes, purpose in _ICONS
        ],
    }
    return msgspec.json.encode(manifest)


def _worker(files: dict[str, Asset]) -> Asset:
    """The service worker, told what to keep; it differs whenever one of these does.

    Only then does a browser install it anew, and with it the files.
    """
    elements = {f"{widget().folder}/{name}" for name in copied_files()}
    kept = {
        path: asset
        for path, asset in widget_assets().items()
        if path in elements or path in _WIDGET_FILES or path.startswith("/lang/")
    }
    shell = ["/inbox", *(f"/inbox/{name}" for name in files if name), *kept]
    tags = "".join(asset.etag for asset in (*files.values(), *kept.values()))
    version = hashlib.sha256(tags.encode()).hexdigest()[:12]
    told = msgspec.json.encode({"version": version, "files": shell}).decode()
    code = (_folder() / "sw.js").read_text("utf-8")
    return make_asset(f"self.shell = {told};\n{code}".encode(), ".js")
