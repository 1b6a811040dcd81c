"""A push that was followed: the browser's worker tells, though it has no login.

The signed link in the push is the permission, for this one notification and for some weeks. Looking
does nothing, so that no link scanner reads what nobody has seen.
"""

from typing import Annotated

from litestar import post
from litestar.params import PathParameter

from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.domain import links
from notifybell.domain.errors import NotFound
from notifybell.store import marks

LinkToken = Annotated[str, PathParameter(description="Signed here, from the push.")]


@post(
    "/opened/{token:str}",
    access="public",
    status_code=204,
    tags=("inbox",),
    summary="Tell that a push was followed",
    description="Its notification is then read, as after `clicked`.",
    responses=documented(404, 503),
)
async def tell_opened(request: ApiRequest, token: LinkToken) -> None:
    """Marks it read and notes the click."""
    now = request.clock.now()
    what = links.verify_mark_read(token, request.config.auth.secret_keys, now)
    if not await request.db.write(
        lambda conn: marks.mark_clicked(conn, what.user_id, what.notification_id, now)
    ):
        raise NotFound("There is no such notification any more.")
