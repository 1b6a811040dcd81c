"""Why one notification went where it went: each channel's decision and outcome, and the story."""

from typing import Annotated, Any

from litestar import Response, get
from litestar.params import PathParameter

from notifybell.api.deliveries import shown_state
from notifybell.api.request import ApiRequest
from notifybell.config import policy
from notifybell.dashboard.addresses import masked, name_of
from notifybell.dashboard.deliveries import TONES
from notifybell.dashboard.pages import page
from notifybell.dashboard.standing import label_of
from notifybell.delivery import explain
from notifybell.delivery.held_up import held_up
from notifybell.domain.errors import NotFound
from notifybell.store import users
from notifybell.store.database import Connection

NotificationId = Annotated[str, PathParameter(max_length=64)]


@get("/notifications/{notification_id:str}")
async def show_notification(request: ApiRequest, notification_id: NotificationId) -> Response[str]:
    """Also of what was never in the inbox, or is deleted from it."""
    rules, now = policy(request.config), request.clock.now()
    dispatcher = request.parts.dispatcher

    def read(conn: Connection) -> tuple[Any, Any]:
        told = explain.explain(conn, rules, notification_id, now, dispatcher)
        if told is None:
            raise NotFound("There is no such notification.")
        return told, users.get(conn, told.notification.user_id)

    told, person = await request.db.scan(read)
    return page(
        request,
        "notification.html",
        told=told,
        configured=rules.configured,
        others=[
            label_of(request, story.channel)
            for story in told.channels
            if not story.deliveries and story.channel not in rules.configured
        ],
        one=told.notification,
        person="–" if person is None else name_of(person.external_id, person.email, person.id),
        label=lambda name: label_of(request, name),
        shown_state=shown_state,
        masked=masked,
        held_up=lambda row: held_up(dispatcher, row, now),
        tones=TONES,
    )
