"""All routes of the dashboard, behind one router that lets nobody in who is not signed in."""

from typing import Any

from litestar import Response, Router, get

from notifybell.api.assets import asset_route, load_asset
from notifybell.api.operators import PATH
from notifybell.api.request import ApiRequest
from notifybell.api.shipped import shipped
from notifybell.config import Config
from notifybell.dashboard import (
    broadcasts,
    categories,
    channels,
    compose,
    deliveries,
    health,
    notifications,
    overview,
    refusals,
    requests,
    signing_in,
    suppressions,
    users,
)
from notifybell.domain.errors import NotFound

_PRIVATE = {"cross-origin-resource-policy": "same-origin"}


def dashboard_routes(config: Config) -> list[Any]:
    """The pages and their files; nothing where the dashboard is off."""
    if not config.dashboard.enabled:
        return []
    pages = Router(
        PATH,
        route_handlers=_PAGES,
        opt={"access": "operator"},
        include_in_schema=False,
        exception_handlers=refusals.HANDLERS,
    )
    return [pages, *_files()]


@get("/{rest:path}")
async def find_nothing(request: ApiRequest) -> Response[str]:
    """Any other address below `/dashboard`."""
    raise NotFound(f"There is no page {request.scope['path']}.")


_PAGES = (
    signing_in.show_sign_in,
    signing_in.sign_in,
    signing_in.sign_out,
    overview.show_overview,
    overview.show_now,
    channels.show_channels,
    channels.try_channel,
    categories.show_categories,
    broadcasts.list_broadcasts,
    broadcasts.show_broadcast,
    broadcasts.show_progress,
    broadcasts.cancel_broadcast,
    compose.show_compose,
    compose.compose,
    compose.show_mail,
    deliveries.list_deliveries,
    deliveries.show_delivery,
    deliveries.retry_delivery,
    notifications.show_notification,
    users.list_users,
    users.show_user,
    users.revoke_device,
    users.export_user,
    users.erase_user,
    suppressions.list_suppressions,
    suppressions.add_suppression,
    suppressions.remove_suppression,
    requests.show_requests,
    health.show_health,
    find_nothing,
)


def _files() -> list[Any]:
    folder = shipped("web") / "dashboard"
    paths = [
        *sorted(path for path in folder.iterdir() if path.suffix in (".js", ".css")),
        shipped("web") / "inbox" / "icon.svg",
    ]
    return [asset_route(f"{PATH}/files/{path.name}", load_asset(path), _PRIVATE) for path in paths]
