"""What became of each notification on each channel, and why; and one more try when asked for."""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter, QueryParameter

from notifybell.api.filters import ChannelFilter, check_channel
from notifybell.api.once import IdempotencyKey, answer_once, once_key
from notifybell.api.pagination import (
    DEFAULT_LIMIT,
    Cursor,
    EndingBefore,
    Limit,
    Page,
    StartingAfter,
    build_page,
)
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest, ReadyAnswer
from notifybell.api.times import epoch_ms
from notifybell.api.users import find_user
from notifybell.config import Config, policy
from notifybell.delivery.dispatcher import Dispatcher
from notifybell.delivery.held_up import held_up
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import Conflict, NotFound
from notifybell.domain.model import Channel, Delivery
from notifybell.domain.webhooks import RETRY, WEBHOOK
from notifybell.store import broadcasts, deliveries
from notifybell.store.database import WriteConnection
from notifybell.store.search import FoundDelivery

ShownState = Literal[
    "queued",
    "held",
    "retrying",
    "sending",
    "sent",
    "dead",
    "suppressed",
    "skipped",
    "cancelled",
    "expired",
]
"""The stored states, but "retrying" for what waits after a failed attempt."""

_WITHDRAWN = ("cancelling", "cancelled", "expiring", "expired")

DeliveryId = Annotated[str, PathParameter(max_length=64)]
BroadcastFilter = Annotated[str | None, QueryParameter(name="broadcast_id", max_length=64)]
SinceFilter = Annotated[
    str | None,
    QueryParameter(max_length=40, description="RFC 3339: only what changed then or later."),
]
UserFilter = Annotated[
    str | None,
    QueryParameter(
        name="user", max_length=300, description="Our id, `external_id:…` or `email:…` of a user."
    ),
]


class HeldUpOut(msgspec.Struct, frozen=True, kw_only=True):
    """Why a delivery that could go does not.

    `circuit`: its host did not take messages `failures` times in a row, and is left alone until
    `until`; then one message tries again (a time that is past: the next one does). `pause`: the
    channel is paused, because our configuration is refused there. `error` is what was answered.
    """

    by: Literal["circuit", "pause"]
    error: str
    failures: int
    until: str


class DeliveryOut(msgspec.Struct, frozen=True, kw_only=True):
    """One notification on one channel to one address.

    `address` is an email address, the id of a token or the name of a webhook. `reason` tells why it
    was decided to send or to skip, `error` what the last attempt failed with, `receipt` what the
    other side answered when it took the message. `held_up` tells what keeps a queued one from going
    although it could; null where nothing does. To a webhook, `notification_id` is the event's id.
    """

    id: str
    notification_id: str
    user_id: str
    broadcast_id: str
    channel: Channel
    address: str | None
    state: ShownState
    reason: str
    digest_id: str | None
    attempt: int
    due_at: str
    deadline_at: str
    error: str | None
    receipt: str | None
    held_up: HeldUpOut | None
    created_at: str
    updated_at: str


class DeliveryController(Controller):
    """Routes for project tokens."""

    path = "/api/deliveries"
    tags = ("deliveries",)
    opt = {"access": "project"}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="List deliveries", responses=documented(404, 422))
    async def list_deliveries(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        delivery_state: Annotated[ShownState | None, QueryParameter(name="state")] = None,
        channel: ChannelFilter = None,
        of_user: UserFilter = None,
        broadcast_id: BroadcastFilter = None,
        since: SinceFilter = None,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[DeliveryOut]:
        """Newest first. 404 when there is no such user."""
        db, config = request.db, request.config
        check_channel(config, channel)
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        user_id = None if of_user is None else find_user(db, of_user).id
        named = {"state": delivery_state, "channel": channel, "broadcast_id": broadcast_id}

        changed_since = None if since is None else epoch_ms(since, "since")

        terms = {**named, "user_id": user_id, "changed_since": changed_since, **cursor.one_more}

        def page(conn: Any) -> list[Delivery]:
            return deliveries.page(conn, **terms)  # type: ignore[arg-type]

        rows = await db.scan(page)
        url = f"{config.server.public_url}/api/deliveries"
        filters = {**named, "user": user_id, "since": since}
        return build_page(rows, cursor, url, filters, shown_to(request), lambda row: row.id)

    @get("/{delivery_id:str}", summary="Get a delivery", responses=documented(404, 422))
    async def get_delivery(
        self,
        request: ApiRequest,
        delivery_id: DeliveryId,
    ) -> DeliveryOut:
        """One notification on one channel."""
        db, shown = request.db, shown_to(request)
        return shown(_existing(db.read(lambda conn: deliveries.get(conn, delivery_id))))

    @post(
        "/{delivery_id:str}/retry",
        status_code=200,
        summary="Try a delivery again",
        responses={
            200: ResponseSpec(DeliveryOut, generate_examples=False, description="Queued again."),
            **documented(404, 409, 413, 422, 503),
        },
    )
    async def retry_delivery(
        self,
        delivery_id: DeliveryId,
        request: ApiRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> ReadyAnswer:
        """At once: a dead one with a new deadline and its attempts counted from the start, one that
        waits after a failure as it is. Its host is tried without waiting for its circuit.

        409 for any other state, for what waits for a time as it should, and when its channel is off
        or its broadcast was cancelled or has expired.
        """
        db, clock, config = request.db, request.clock, request.config
        once = await once_key(request, idempotency_key, f"project:{request.project.name}")
        now, patience, shown = clock.now(), patience_of(config), shown_to(request)

        def job(conn: WriteConnection) -> str:
            again = retried(conn, delivery_id, patience, now)
            return msgspec.json.encode(shown(again)).decode()

        text = await answer_once(db, clock, once, job)
        found = _existing(db.read(lambda conn: deliveries.get(conn, delivery_id)))
        if (lane := request.parts.dispatcher.lanes.get(found.channel)) is not None:
            lane.try_now(found.host)
        return ReadyAnswer(text.encode(), status_code=200)


def patience_of(config: Config) -> Mapping[Channel, int]:
    """How long a delivery is worth trying, by channel; those that are off are not there."""
    rules = policy(config)
    patience = {name: ms for name, ms in rules.deadlines_ms.items() if name in rules.configured}
    return patience | ({WEBHOOK: RETRY.deadline_ms} if config.webhooks else {})


def retried(
    conn: WriteConnection, delivery_id: str, patience: Mapping[Channel, int], now: int
) -> Delivery:
    """Make it due now. Raises NotFound or Conflict."""
    found = _existing(deliveries.get(conn, delivery_id))
    if found.state not in ("dead", "queued"):
        raise Conflict(
            "Only a delivery that is dead or waits after a failure can be tried again; this one is "
            f"{shown_state(found)}."
        )
    if found.channel not in patience:
        raise Conflict(f"The channel {found.channel} is off in the configuration.")
    broadcast = broadcasts.get(conn, found.broadcast_id)
    if broadcast is not None and broadcast.state in _WITHDRAWN:
        raise Conflict(f"Its broadcast was withdrawn: it is {broadcast.state}.")
    if found.state == "dead":
        deadline_at = now + patience[found.channel]
        deliveries.retry(conn, delivery_id, deadline_at=deadline_at, now=now)
    elif not deliveries.try_now(conn, delivery_id, now=now):
        raise Conflict(
            f"It waits until {to_rfc3339(found.due_at)}, as was decided: {found.reason}."
        )
    return _existing(deliveries.get(conn, delivery_id))


def _existing(found: Delivery | None) -> Delivery:
    if found is None:
        raise NotFound("There is no such delivery.")
    return found


def shown_state(row: Delivery | FoundDelivery) -> ShownState:
    """The state in the API's words."""
    return "retrying" if row.state == "queued" and row.attempt > 0 else row.state


def shown_to(request: ApiRequest) -> Callable[[Delivery], DeliveryOut]:
    """How deliveries are shown in the answer to this request."""
    dispatcher, now = request.parts.dispatcher, request.clock.now()
    return lambda row: delivery_out(row, dispatcher, now)


def delivery_out(row: Delivery, dispatcher: Dispatcher, now: int) -> DeliveryOut:
    """A stored delivery as the API shows it."""
    return DeliveryOut(
        id=row.id,
        notification_id=row.notification_id,
        user_id=row.user_id,
        broadcast_id=row.broadcast_id,
        channel=row.channel,
        address=row.address,
        state=shown_state(row),
        reason=row.reason,
        digest_id=row.digest_id,
        attempt=row.attempt,
        due_at=to_rfc3339(row.due_at),
        deadline_at=to_rfc3339(row.deadline_at),
        error=row.error,
        receipt=row.receipt,
        held_up=_held_up_out(row, dispatcher, now),
        created_at=to_rfc3339(row.created_at),
        updated_at=to_rfc3339(row.updated_at),
    )


def _held_up_out(row: Delivery, dispatcher: Dispatcher, now: int) -> HeldUpOut | None:
    found = held_up(dispatcher, row, now)
    if found is None:
        return None
    until = to_rfc3339(found.until)
    return HeldUpOut(by=found.by, error=found.error, failures=found.failures, until=until)
