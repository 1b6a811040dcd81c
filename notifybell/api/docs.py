"""`/docs`: the guide, the API reference and `/openapi.json`, all made here and complete offline.

Each is made once, in a thread, when somebody first asks.
"""

import mimetypes
from collections.abc import Callable
from functools import cache
from typing import Any

import msgspec
from litestar import Litestar, Request, Response, get
from litestar.handlers import HTTPRouteHandler

from notifybell.api import openapi
from notifybell.api.assets import asset_route, load_asset
from notifybell.api.docs_markdown import render_code
from notifybell.api.docs_reference import render_docs
from notifybell.api.docs_site import HOME, DocsSite, recipes, render_docs_page
from notifybell.api.pages import answer_page
from notifybell.api.shipped import shipped
from notifybell.config import Config
from notifybell.domain.errors import NotFound

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';"
    " img-src 'self' data:; frame-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "cache-control": "no-cache",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex",
}
_ASSETS = "/docs/assets"
_PUBLIC: dict[str, Any] = {"access": "public", "include_in_schema": False}
_TEMPLATES = {
    "/docs/embed": "docs_embed.html",
    "/docs/gallery": "docs_gallery.html",
    "/docs/gallery/story": "docs_story.html",
}
_PATHS = tuple(
    f"/docs{folders}{{name:str}}"
    for folders in ("/", "/{a:str}/", "/{a:str}/{b:str}/", "/{a:str}/{b:str}/{c:str}/")
)


def docs_routes(describe: Callable[[], Litestar], config: Config) -> list[HTTPRouteHandler]:
    """Public routes; `describe` makes the application to document."""
    return [
        *_reference(describe, config.server.public_url),
        *_guide(config.server.public_url),
        *_assets(),
    ]


def _reference(describe: Callable[[], Litestar], public_url: str) -> list[HTTPRouteHandler]:
    @cache
    def document() -> dict[str, Any]:
        return openapi.document(describe())

    @cache
    def as_json() -> bytes:
        return msgspec.json.encode(document())

    @cache
    def as_page() -> str:
        return render_docs(document(), public_url)

    @get("/openapi.json", access="public", include_in_schema=False, sync_to_thread=True)
    def get_openapi() -> Response[bytes]:
        return Response(as_json(), media_type="application/json")

    @get("/docs/api", access="public", include_in_schema=False, sync_to_thread=True)
    def get_reference() -> Response[str]:
        return answer_page(as_page())

    return [get_openapi, get_reference]


def _guide(public_url: str) -> list[HTTPRouteHandler]:
    site = cache(DocsSite)

    @cache
    def page(name: str) -> str:
        return site().render(name)

    @cache
    def index() -> bytes:
        return msgspec.json.encode(site().search_index())

    @cache
    def made(template: str, path: str) -> str:
        parts = {"code": render_code, "recipes": recipes(site()), "server": public_url}
        return render_docs_page(template, site(), path, **parts)

    def template_route(path: str, template: str) -> HTTPRouteHandler:
        def handler() -> Response[str]:
            return Response(made(template, path), media_type="text/html", headers=_HEADERS)

        return get(path, sync_to_thread=True, name=path, **_PUBLIC)(handler)

    @get("/docs/search.json", access="public", include_in_schema=False, sync_to_thread=True)
    def get_search_index() -> Response[bytes]:
        return Response(index(), media_type="application/json", headers=_HEADERS)

    def get_docs(request: Request[Any, Any, Any]) -> Response[bytes]:
        name = request.url.path.removeprefix("/docs").strip("/") or HOME
        if name in site().pages:
            return Response(page(name).encode(), media_type="text/html", headers=_HEADERS)
        if name in site().files:
            path = site().files[name]
            guessed = mimetypes.guess_type(path)[0] or ""
            is_image = guessed.startswith("image/")  # all else is to be read, not run
            media_type = guessed if is_image else "text/plain; charset=utf-8"
            return Response(path.read_bytes(), media_type=media_type, headers=_HEADERS)
        raise NotFound("There is no such page.")

    # A handler a path: Litestar 2.25 forgets the thread of all but the first path of a list.
    paths = ("/docs", *_PATHS)
    pages = [get(path, name=path, sync_to_thread=True, **_PUBLIC)(get_docs) for path in paths]
    shown = [template_route(path, template) for path, template in _TEMPLATES.items()]
    return [get_search_index, *pages, *shown]


def _assets() -> list[HTTPRouteHandler]:
    """What the pages are dressed with; the icon is that of the hosted inbox."""
    paths = [*sorted((shipped("web") / "docs").iterdir()), shipped("web") / "inbox" / "icon.svg"]
    private = {"cross-origin-resource-policy": "same-origin"}
    return [
        asset_route(f"{_ASSETS}/{path.name}", load_asset(path), private)
        for path in paths
        if path.suffix in (".js", ".css", ".svg")
    ]
