"""Why a notification went where it went, for whoever has to answer that."""

from typing import Any

import msgspec
from litestar import get

from notifybell.api.deliveries import DeliveryOut, ShownState, delivery_out, shown_state
from notifybell.api.notifications import (
    NotificationId,
    NotificationOut,
    no_such_notification,
    notification_out,
)
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.api.users import time_out
from notifybell.config import policy
from notifybell.delivery import explain
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.explain import Action, ChannelStory, Explanation, Moment
from notifybell.delivery.held_up import held_up
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.model import Channel


class ChannelOut(msgspec.Struct, frozen=True, kw_only=True):
    """One channel of a notification: what was decided, by which rule, and what became of it.

    Where it went to several addresses, the fields are those of the one that fared best; all stand
    in `deliveries`, which is empty where the channel was not configured. `held_up_by` tells why
    nothing is sent there right now: its host does not answer, or refuses us.
    """

    channel: Channel
    state: ShownState
    decision: Action
    reason: str
    address: str | None
    attempts: int
    error: str | None
    receipt: str | None
    due_at: str | None
    held_up_by: str | None
    digest_id: str | None
    deliveries: list[DeliveryOut]


class MomentOut(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened, or (`delivery.due`, `notification.woken`) is to happen.

    `what` is an event's type, or `delivery.due`, `delivery.sending`, `notification.discarded`,
    `notification.woken`.
    """

    at: str
    what: str
    channel: Channel | None
    detail: str | None


class ExplanationOut(msgspec.Struct, frozen=True, kw_only=True):
    """All that can be told of one notification."""

    notification: NotificationOut
    channels: list[ChannelOut]
    timeline: list[MomentOut]


@get(
    "/api/notifications/{notification_id:str}/explain",
    summary="Explain a notification",
    operation_id="explain_notification",
    tags=("deliveries",),
    responses=documented(404),
    access="project",
)
async def explain_notification(
    request: ApiRequest,
    notification_id: NotificationId,
) -> ExplanationOut:
    """Each channel's decision, its reason and its outcome, and the story from first to last.

    Also of notifications that were never in the inbox, or are deleted from it.
    """
    rules, now = policy(request.config), request.clock.now()
    dispatcher = request.parts.dispatcher

    def read(conn: Any) -> Explanation | None:
        return explain.explain(conn, rules, notification_id, now, dispatcher)

    found = await request.db.scan(read)
    if found is None:
        raise no_such_notification()
    return ExplanationOut(
        notification=notification_out(found.notification),
        channels=[_channel_out(story, dispatcher, now) for story in found.channels],
        timeline=[_moment_out(moment) for moment in found.timeline],
    )


def _channel_out(story: ChannelStory, dispatcher: Dispatcher, now: int) -> ChannelOut:
    row = story.speaker
    held = None if row is None else held_up(dispatcher, row, now)
    is_waiting = row is not None and row.state in ("queued", "held")
    return ChannelOut(
        channel=story.channel,
        state="skipped" if row is None else shown_state(row),
        decision=story.decision,
        reason=story.reason,
        address=None if row is None else row.address,
        attempts=0 if row is None else row.attempt,
        error=None if row is None else row.error,
        receipt=None if row is None else row.receipt,
        due_at=time_out(row.due_at) if row is not None and is_waiting else None,
        held_up_by=None if held is None else held.sentence_with_time,
        digest_id=None if row is None else row.digest_id,
        deliveries=[delivery_out(one, dispatcher, now) for one in story.deliveries],
    )


def _moment_out(moment: Moment) -> MomentOut:
    return MomentOut(
        at=to_rfc3339(moment.at),
        what=moment.what,
        channel=moment.channel,
        detail=moment.detail,
    )
