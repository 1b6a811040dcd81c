"""Deliveries: found by words, by user and by how they fared; the story of one; once more for the
dead, at once for what waits."""

import re
from typing import Annotated, Any
from urllib.parse import urlencode

import msgspec
from litestar import Response, get, post
from litestar.params import PathParameter, QueryParameter

from notifybell.api.deliveries import ShownState, patience_of, retried, shown_state
from notifybell.api.filters import ChannelFilter, check_channel
from notifybell.api.request import ApiRequest
from notifybell.config import known_channels, policy
from notifybell.dashboard import trials
from notifybell.dashboard.addresses import masked, name_of
from notifybell.dashboard.navigation import ROOT
from notifybell.dashboard.pages import notice, page, redirect
from notifybell.dashboard.standing import label_of
from notifybell.delivery import explain
from notifybell.delivery.circuits import Trial
from notifybell.delivery.explain import Moment
from notifybell.delivery.held_up import held_up, left_alone
from notifybell.domain.clock import DAY_MS, HOUR_MS
from notifybell.domain.errors import NotFound
from notifybell.domain.model import Delivery, Recipient, User
from notifybell.domain.webhooks import WEBHOOK
from notifybell.store import activity, deliveries, search, users
from notifybell.store.database import Connection
from notifybell.store.due import LeftAlone
from notifybell.store.search import FoundPage, Wanted

PATH = f"{ROOT}/deliveries"
_LIMIT = 50
_ID = re.compile(r"[A-Za-z0-9_-]+")
_STATES = ShownState.__args__  # type: ignore[attr-defined]
HELD_UP = "held_up"
_SINCE = {"1h": ("an hour", HOUR_MS), "24h": ("a day", DAY_MS), "7d": ("7 days", 7 * DAY_MS)}
_SINCE["30d"] = ("30 days", 30 * DAY_MS)
_DONE = {
    "retried": "It is queued again: due at once, its attempts counted from the start.",
    "hastened": "It is due at once, its attempts counted on.",
}
_PAGES = {"dlv": PATH, "ntf": f"{ROOT}/notifications", "brd": f"{ROOT}/broadcasts"}
_PAGES["usr"] = f"{ROOT}/users"

Text = Annotated[str, QueryParameter(max_length=300)]
Cursor = Annotated[str | None, QueryParameter(max_length=64)]
DeliveryId = Annotated[str, PathParameter(max_length=64)]

TONES = {
    "delivery.sent": "good",
    "delivery.attempted": "warm",
    "delivery.dead": "bad",
    "delivery.suppressed": "warm",
    "delivery.expired": "warm",
}


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The filters as they stand in the address and in the form."""

    query: str = ""
    user: str = ""
    channel: str = ""
    state: str = ""
    category: str = ""
    since: str = ""
    broadcast: str = ""

    def url(self, **more: str) -> str:
        """The list with these filters."""
        named = {**msgspec.structs.asdict(self), **more}
        query = urlencode({name: value for name, value in named.items() if value})
        return f"{PATH}?{query}" if query else PATH

    @property
    def narrows(self) -> bool:
        """Whether anything is filtered."""
        return any(msgspec.structs.astuple(self))


@get("/deliveries")
async def list_deliveries(
    request: ApiRequest,
    typed: Annotated[str, QueryParameter(name="query", max_length=300)] = "",
    of_user: Annotated[str, QueryParameter(name="user", max_length=300)] = "",
    channel: ChannelFilter = None,
    in_state: Annotated[str, QueryParameter(name="state", max_length=20)] = "",
    category: Text = "",
    since: Annotated[str, QueryParameter(max_length=5)] = "",
    broadcast: Annotated[str, QueryParameter(max_length=64)] = "",
    after: Cursor = None,
) -> Response[str]:
    """The newest first; those of one broadcast, or of words, by broadcast and user."""
    check_channel(request.config, channel or None)
    asked = Asked(
        query=typed.strip(),
        user=of_user.strip(),
        channel=channel or "",
        state=in_state if in_state in (*_STATES, HELD_UP) else "",
        category=category.strip(),
        since=since if since in _SINCE else "",
        broadcast=broadcast.strip(),
    )
    if leads_to := _page_of(asked.query):
        return redirect(leads_to)
    now = request.clock.now()
    hosts = left_alone(request.parts.dispatcher, now) if asked.state == HELD_UP else None
    found = await request.db.scan(lambda conn: _find(conn, asked, hosts, now, after))
    return page(
        request,
        "deliveries.html",
        asked=asked,
        found=found,
        after=after,
        options=_options(request),
        label=lambda name: label_of(request, name),
        shown_state=shown_state,
        masked=masked,
        name_of=name_of,
        held_up=lambda row: held_up(request.parts.dispatcher, row, now),
        looked_at=search.LOOKED_AT,
    )


@get("/deliveries/{delivery_id:str}")
async def show_delivery(request: ApiRequest, delivery_id: DeliveryId) -> Response[str]:
    """One notification on one channel: what was decided, each attempt, what comes next."""
    rules, now = policy(request.config), request.clock.now()
    dispatcher = request.parts.dispatcher

    def read(conn: Connection) -> tuple[Delivery, list[Moment], Any]:
        row = deliveries.get(conn, delivery_id)
        if row is None:
            raise NotFound("There is no such delivery.")
        told = explain.explain(conn, rules, row.notification_id, now, dispatcher)
        moments = _logged(conn, row) if told is None else told.timeline
        own = [one for one in moments if one.delivery_id in (None, row.id) and _is_of(one, row)]
        return row, own, None if told is None else told.notification

    row, moments, notification = await request.db.scan(read)
    person = request.db.read(lambda conn: users.get(conn, row.user_id))
    return page(
        request,
        "delivery.html",
        notice=notice(request, _DONE),
        row=row,
        state=shown_state(row),
        moments=moments,
        tones=TONES,
        notification=notification,
        person="–" if person is None else name_of(person.external_id, person.email, person.id),
        label=label_of(request, row.channel),
        address=masked(row.address),
        retry=_retry_of(request, row),
        held_up=held_up(dispatcher, row, now),
        trial=_trial_of(request, row),
    )


@post("/deliveries/{delivery_id:str}/retry", status_code=303)
async def retry_delivery(request: ApiRequest, delivery_id: DeliveryId) -> Response[str]:
    """Once more for a dead one; at once for one that waits."""
    now, patience, db = request.clock.now(), patience_of(request.config), request.db
    before = db.read(lambda conn: deliveries.get(conn, delivery_id))
    row = await db.write(lambda conn: retried(conn, delivery_id, patience, now))
    lane = request.parts.dispatcher.lanes.get(row.channel)
    if lane is not None and lane.circuits.not_closed_of(row.host) is not None:
        said = await trials.try_host(request, lane, row.host)
        return redirect(f"{PATH}/{delivery_id}", **({} if said is None else {"done": "hastened"}))
    was_dead = before is not None and before.state == "dead"
    return redirect(f"{PATH}/{delivery_id}", done="retried" if was_dead else "hastened")


def _retry_of(request: ApiRequest, row: Delivery) -> str | None:
    """What the button says that tries it; None where it cannot be tried."""
    if row.channel not in patience_of(request.config):
        return None
    if row.state == "dead":
        return "Try again"
    is_late = row.error is not None or row.due_at <= request.clock.now()
    return "Try now" if row.state == "queued" and is_late else None


def _trial_of(request: ApiRequest, row: Delivery) -> Trial | None:
    lane = request.parts.dispatcher.lanes.get(row.channel)
    trial = None if lane is None else lane.circuits.trials.get(row.host)
    return trials.shown(trial, request.clock.now())


def find_named(conn: Connection, text: str) -> User | None:
    """The user with this id of ours, external id or address."""
    by_id = Recipient(id=text) if text.startswith("usr_") else None
    by_name = Recipient(external_id=text)
    by_email = Recipient(email=text) if "@" in text else None
    tries = [who for who in (by_id, by_name, by_email) if who is not None]
    return next((user for who in tries if (user := users.find(conn, who)) is not None), None)


def _find(
    conn: Connection, asked: Asked, hosts: list[LeftAlone] | None, now: int, after: str | None
) -> FoundPage | None:
    """None when there is no such user."""
    words: str | None = asked.query or None
    user = find_named(conn, asked.user) if asked.user else None
    if asked.user and user is None:
        return None
    if user is None and "@" in asked.query:
        user = find_named(conn, asked.query)
        words = words if user is None else None
    wanted = Wanted(
        words=words,
        user_id=None if user is None else user.id,
        broadcast_id=asked.broadcast or None,
        channel=asked.channel or None,
        state=asked.state or None if hosts is None else None,  # type: ignore[arg-type]
        held_up=hosts,
        category=asked.category or None,
        since=now - _SINCE[asked.since][1] if asked.since else None,
    )
    return search.page(conn, wanted, limit=_LIMIT, after=after or None)


def _page_of(text: str) -> str | None:
    """An id leads to its own page."""
    kind, separator, rest = text.partition("_")
    return f"{_PAGES[kind]}/{text}" if separator and kind in _PAGES and _is_id(rest) else None


def _is_id(text: str) -> bool:
    return 19 <= len(text) <= 21 and _ID.fullmatch(text) is not None


def _options(request: ApiRequest) -> dict[str, list[tuple[str, str]]]:
    channels = [*known_channels(request.config), *([WEBHOOK] if request.config.webhooks else [])]
    labels = policy(request.config).categories
    return {
        "channel": [(name, label_of(request, name)) for name in channels],
        "state": [*((state, state) for state in _STATES), (HELD_UP, "held up by its host")],
        "category": [(key, one.label) for key, one in labels.items()],
        "since": [(key, label) for key, (label, _) in _SINCE.items()],
    }


def _logged(conn: Connection, row: Delivery) -> list[Moment]:
    """Of what has no notification: a digest's own message, or an event to a webhook."""
    events = activity.of_notification(conn, row.user_id, row.notification_id)
    return [Moment(one.at, one.type, one.channel, one.detail, one.delivery_id) for one in events]


def _is_of(moment: Moment, row: Delivery) -> bool:
    return moment.channel in (None, row.channel)
