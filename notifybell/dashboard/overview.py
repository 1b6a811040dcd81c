"""The first page: what goes out now, what waits, what failed, and why."""

from litestar import Response, get

from notifybell.api.request import ApiRequest
from notifybell.dashboard.pages import page


@get("/")
async def show_overview(request: ApiRequest) -> Response[str]:
    """Everything at a glance."""
    return page(request, "overview.html")
