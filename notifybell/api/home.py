"""The page at `/`: what there is on this server, for whoever opens the address that it logs."""

from litestar import Response, get

from notifybell.api.pages import answer_page, render
from notifybell.api.request import ApiRequest
from notifybell.config import Config


@get("/", access="public", include_in_schema=False)
async def show_home(request: ApiRequest) -> Response[str]:
    """The same for everyone; names no user, project or version."""
    return answer_page(render("home.html", places=_places(request.config)))


def _places(config: Config) -> list[tuple[str, str, str]]:
    """Path, name and purpose of each page that is on."""
    places = [
        ("/inbox", "Inbox", "your notifications", config.inbox.enabled),
        ("/dashboard", "Dashboard", "for whoever runs this server", config.dashboard.enabled),
        ("/docs", "Guide", "how to send, show and operate", True),
        ("/docs/api", "API", "every route", True),
    ]
    return [(path, name, purpose) for path, name, purpose, is_on in places if is_on]
