"""The widget's addresses, and how long a browser may keep what is there.

| path | kept |
| --- | --- |
| `/widget/VERSION/notifybell.js` and all beside it | for ever: VERSION is a digest of all of them |
| `/notifybell.js`, `/notifybell-all.js` | five minutes |
| every other file, at the root | asked for each time |

The two at the root fetch their later parts from the folder of their version. So an upgrade never
puts an old entry and a new part together: what is asked for from another version is not found.
"""

import base64
import hashlib
import re
from functools import cache

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler

from notifybell.api.assets import Asset, asset_routes, make_asset
from notifybell.api.request import ApiRequest
from notifybell.api.shipped import shipped
from notifybell.api.widget_bundle import bundle, module_text

#: what a page names in its tag
ENTRIES = ("notifybell.js", "notifybell-all.js")
#: fetched by the entries when they need them, from beside them
LATER = ("notifybell-panel.js", "notifybell-preferences.js", "notifybell-push.js")
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}
_FOR_MINUTES = {"cache-control": "public, max-age=300, must-revalidate"}
_ASKED_FIRST = {"cache-control": "no-cache"}
_NOT_FOUND = {
    "cache-control": "no-store",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
}
_LATER_IMPORT = re.compile(r"(import\([\"`])\./")


class Widget(msgspec.Struct, frozen=True):
    """All files, by their names in the folder of their version."""

    version: str
    files: dict[str, str]

    @property
    def folder(self) -> str:
        return f"/widget/{self.version}"

    def integrity(self, name: str) -> str:
        """What a tag's attribute says (Subresource Integrity, section 3.1)."""
        digest = hashlib.sha384(self.files[name].encode()).digest()
        return f"sha384-{base64.b64encode(digest).decode()}"


@cache
def widget() -> Widget:
    """The widget of this installation."""
    folder = shipped("web")
    paths = [*sorted(folder.glob("*.js")), *sorted(folder.glob("lang/*.js"))]
    files = {path.relative_to(folder).as_posix(): module_text(path) for path in paths}
    files |= {name: bundle(folder, name) for name in (*ENTRIES, *LATER)}
    told = "".join(f"{name}\0{text}\0" for name, text in sorted(files.items()))
    return Widget(version=hashlib.sha256(told.encode()).hexdigest()[:16], files=files)


def copied_files() -> dict[str, str]:
    """What a site needs that serves the widget itself."""
    wanted = (*ENTRIES, *LATER)
    return {
        name: text
        for name, text in widget().files.items()
        if name in wanted or name.startswith("lang/")
    }


def widget_assets() -> dict[str, Asset]:
    """The widget's files by their paths, as they are served."""
    files, folder = widget().files, widget().folder
    entries = {name: _LATER_IMPORT.sub(rf"\1.{folder}/", files[name]) for name in ENTRIES}
    texts = {f"/{name}": text for name, text in (files | entries).items()}
    texts |= {f"{folder}/{name}": text for name, text in files.items()}
    return {path: make_asset(text.encode(), ".js") for path, text in texts.items()}


def widget_routes() -> list[HTTPRouteHandler]:
    """A public route for each."""
    return [asset_routes(widget_assets(), _freshness), _of_another_version]


@get("/widget/{path:path}", access="public", include_in_schema=False)
async def _of_another_version(request: ApiRequest) -> Response[str]:
    """A page that names an old version: readable there, or its console would blame CORS."""
    name = request.scope["path"].rpartition("/")[2]
    entry = name if name in ENTRIES else ENTRIES[0]
    return Response(
        f"There is no such file: the server has another version of the widget.\n"
        f"Let your tag name {widget().folder}/{entry} and its integrity, which"
        f" `notifybell embed` prints; or /{entry}, which follows upgrades.\n",
        status_code=404,
        headers=_NOT_FOUND,
        media_type="text/plain",
    )


def _freshness(path: str) -> dict[str, str]:
    if path.startswith("/widget/"):
        return _FOR_EVER
    return _FOR_MINUTES if path.removeprefix("/") in ENTRIES else _ASKED_FIRST
