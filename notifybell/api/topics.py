"""Who wants to hear of what: a user's own word on topics, and a project's view of a topic.

A topic holds slashes, so it stands in a query or a body and never in a path.
"""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Controller, delete, get, post, put
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import JSONBody, QueryParameter

from notifybell.api.body import JsonBody
from notifybell.api.broadcasts import Key
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
from notifybell.api.users import UserIn, UserOut, recipients_of, user_out
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import Conflict, FieldProblem, NotFound
from notifybell.domain.model import Recipient, User
from notifybell.store import topics, users
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.rows import as_json_list
from notifybell.store.topics import Subscription, SubscriptionState, Topic

MOST_USERS = 1_000

TopicQuery = Annotated[
    str,
    QueryParameter(name="topic", min_length=1, max_length=255, description="The topic's name."),
]
StateFilter = Annotated[SubscriptionState | None, QueryParameter(name="state")]
StateWanted = Annotated[
    SubscriptionState,
    QueryParameter(name="state", description="Those who subscribed, or those who muted it."),
]


class SubscriptionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a user says about a topic. Nothing of a muted one reaches them."""

    topic: Key
    state: SubscriptionState = "subscribed"


class SubscriptionOut(msgspec.Struct, frozen=True):
    """What a user said about a topic, and since when they have a word on it."""

    topic: str
    state: SubscriptionState
    created_at: str


class SubscribersIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Users to subscribe to a topic, or to take off it."""

    topic: Key
    users: Annotated[
        list[UserIn],
        msgspec.Meta(
            min_length=1, max_length=MOST_USERS, description="By id, external_id or email."
        ),
    ]


class Subscribed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: of `total` users named, so many are new subscribers of the topic, so many
    have muted it and stay out, so many could not be found. The rest had subscribed before."""

    topic: str
    total: int
    subscribed: int
    muted: int
    failures: int
    errors: list[FieldProblem] | None


class Unsubscribed(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it: of `total` users named, so many are off the topic, and so many could not
    be found. The rest had not subscribed."""

    topic: str
    total: int
    unsubscribed: int
    failures: int
    errors: list[FieldProblem] | None


class SubscriptionController(Controller):
    """Routes for user tokens (or a project acting for a user)."""

    path = "/api/subscriptions"
    tags = ("topics",)
    opt = {"access": "user"}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="List one's topics", responses=documented(422))
    async def list_subscriptions(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        only: StateFilter = None,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[SubscriptionOut]:
        """What the user subscribed to or muted, by topic; the cursors are topics."""
        user, db, config = request.end_user, request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)

        def page(conn: Connection) -> list[Subscription]:
            return topics.page_of_user(conn, user.id, state=only, **cursor.one_more)  # type: ignore[arg-type]

        url = f"{config.server.public_url}/api/subscriptions"
        filters = {"state": only}
        return build_page(db.read(page), cursor, url, filters, _subscription_out, _topic_of)

    @put(
        summary="Subscribe to a topic, or mute it",
        dto=JsonBody[SubscriptionIn],
        return_dto=None,
        responses=documented(400, 404, 409, 413, 422, 503),
    )
    async def put_subscription(
        self, request: ApiRequest, data: JSONBody[SubscriptionIn]
    ) -> SubscriptionOut:
        """The last word counts. 409 when the user has a word on 10,000 topics already."""
        user, db, now = request.end_user, request.db, request.clock.now()
        said = await db.write(lambda conn: _put(conn, user.id, data, now))
        return _subscription_out(said)

    @delete(
        status_code=204,
        summary="Take one's word on a topic back",
        responses=documented(404, 422, 503),
    )
    async def delete_subscription(self, request: ApiRequest, topic: TopicQuery) -> None:
        """Neither subscribed nor muted any more. 404 when the user had no word on it."""
        user, db = request.end_user, request.db
        if not await db.write(lambda conn: topics.remove(conn, [user.id], topic)):
            raise NotFound("This user has neither subscribed to the topic nor muted it.")


class TopicController(Controller):
    """Routes for project tokens."""

    path = "/api/topics"
    tags = ("topics",)
    opt = {"access": "project"}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="List topics", responses=documented(422))
    async def list_topics(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[Topic]:
        """Those somebody has a word on, by name; the cursors are names."""
        db, config = request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        rows = await db.scan(lambda conn: topics.topics_page(conn, **cursor.one_more))  # type: ignore[arg-type]
        url = f"{config.server.public_url}/api/topics"
        return build_page(rows, cursor, url, {}, lambda row: row, _topic_of)

    @get("/subscribers", summary="List a topic's subscribers", responses=documented(422))
    async def list_subscribers(
        self,
        request: ApiRequest,
        topic: TopicQuery,
        limit: Limit = DEFAULT_LIMIT,
        wanted: StateWanted = "subscribed",
        starting_after: StartingAfter = None,
        ending_before: EndingBefore = None,
    ) -> Page[UserOut]:
        """By user id; the cursors are user ids. Empty where there is no such topic."""
        db, config = request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)

        def page(conn: Connection) -> list[User]:
            return topics.page_of_topic(conn, topic, state=wanted, **cursor.one_more)  # type: ignore[arg-type]

        rows = await db.scan(page)
        url = f"{config.server.public_url}/api/topics/subscribers"
        filters = {"topic": topic, "state": wanted}
        return build_page(rows, cursor, url, filters, user_out, lambda user: user.id)

    @post(
        "/subscribers",
        status_code=200,
        summary="Subscribe users to a topic",
        dto=JsonBody[SubscribersIn],
        return_dto=None,
        responses={
            200: ResponseSpec(Subscribed, generate_examples=False, description="Done."),
            **documented(400, 413, 422, 503),
        },
    )
    async def add_subscribers(
        self,
        data: JSONBody[SubscribersIn],
        request: ApiRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> ReadyAnswer:
        """Users are found or created, and updated by what is given. Who muted it stays out."""
        db, clock = request.db, request.clock
        named, now = recipients_of(data.users, "/users"), clock.now()
        once = await once_key(request, idempotency_key, f"project:{request.project.name}")
        text = await answer_once(
            db, clock, once, lambda conn: _subscribed(conn, data.topic, named, now)
        )
        return ReadyAnswer(text.encode(), status_code=200)

    @delete(
        "/subscribers",
        status_code=200,
        summary="Take users off a topic",
        dto=JsonBody[SubscribersIn],
        return_dto=None,
        responses=documented(400, 413, 422, 503),
    )
    async def remove_subscribers(
        self, data: JSONBody[SubscribersIn], request: ApiRequest
    ) -> Unsubscribed:
        """Nobody is created, and whoever muted the topic goes on muting it."""
        db = request.db
        named = recipients_of(data.users, "/users")
        found = await db.scan(lambda conn: [users.find(conn, who) for who in named])
        ids = [user.id for user in found if user is not None]
        unsubscribed = await db.write(lambda conn: topics.unsubscribe(conn, ids, data.topic))
        errors = [
            FieldProblem(f"/users/{index}", "there is no such user")
            for index, user in enumerate(found)
            if user is None
        ]
        return Unsubscribed(
            topic=data.topic,
            total=len(named),
            unsubscribed=unsubscribed,
            failures=len(errors),
            errors=errors or None,
        )


def _put(conn: WriteConnection, user_id: str, data: SubscriptionIn, now: int) -> Subscription:
    if topics.get(conn, user_id, data.topic) is None and topics.is_full(conn, user_id):
        raise Conflict(f"A user can subscribe to or mute {topics.LIMIT} topics, and no more.")
    topics.put(conn, [user_id], data.topic, data.state, now)
    said = topics.get(conn, user_id, data.topic)
    if said is None:
        raise NotFound("There is no such user.")  # erased since the token was checked
    return said


def _subscribed(conn: WriteConnection, topic: str, named: Sequence[Recipient], now: int) -> str:
    found = users.find_or_create(conn, named, now)
    ids = [one.id for one in found if isinstance(one, User)]
    errors = [
        FieldProblem(f"/users/{index}", one.message)
        for index, one in enumerate(found)
        if not isinstance(one, User)
    ]
    done = Subscribed(
        topic=topic,
        total=len(named),
        subscribed=topics.subscribe(conn, ids, topic, now),
        muted=len(topics.muted(conn, as_json_list(ids), as_json_list([topic]))),
        failures=len(errors),
        errors=errors or None,
    )
    return msgspec.json.encode(done).decode()


def _subscription_out(row: Subscription) -> SubscriptionOut:
    return SubscriptionOut(row.topic, row.state, to_rfc3339(row.created_at))


def _topic_of(row: Any) -> str:
    topic: str = row.topic
    return topic
