"""The suppression list: addresses that get no mail any more, and the way in for bounce reports.

An address holds odd characters, so it stands in a query or a body and never in a path.
"""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec
from litestar import Controller, delete, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIType, Operation, RequestBody, Schema
from litestar.params import JSONBody, QueryParameter

from notifybell.api.body import JsonBody
from notifybell.api.once import IdempotencyKey, answer_once, once_key
from notifybell.api.pagination import DEFAULT_LIMIT, Cursor, Limit, Page, build_page
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest, ReadyAnswer
from notifybell.delivery import bounces
from notifybell.delivery.bounces import Accepted
from notifybell.domain import dsn
from notifybell.domain.clock import to_rfc3339
from notifybell.domain.errors import InvalidField, NotFound
from notifybell.domain.identities import email_problem
from notifybell.domain.model import EMAIL, Channel
from notifybell.store import suppressions
from notifybell.store.database import Connection, WriteConnection
from notifybell.store.suppressions import Suppression, SuppressionReason

ChannelFilter = Annotated[Channel | None, QueryParameter(name="channel", max_length=64)]
ChannelQuery = Annotated[Channel, QueryParameter(name="channel", max_length=64)]
AddressQuery = Annotated[
    str,
    QueryParameter(
        name="address", min_length=1, max_length=255, description="In any mix of capitals."
    ),
]
SearchQuery = Annotated[
    str | None,
    QueryParameter(name="query", max_length=255, description="A part of the address."),
]
# Longer than other lists' cursors: an address and its channel.
After = Annotated[
    str | None,
    QueryParameter(
        name="starting_after",
        max_length=320,
        description="Channel and address (`email:ann@example.com`) that the page before ends with.",
    ),
]
Before = Annotated[
    str | None,
    QueryParameter(
        name="ending_before",
        max_length=320,
        description="Channel and address that the page behind starts with.",
    ),
]


class SuppressionIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address to suppress by hand. `detail` is a note on why."""

    channel: Literal["email"] = "email"
    address: Annotated[str, msgspec.Meta(min_length=3, max_length=254)]
    detail: Annotated[str, msgspec.Meta(max_length=300)] | None = None


class SuppressionOut(msgspec.Struct, frozen=True, kw_only=True):
    """An address that gets nothing.

    `reason`: `bounced` (the other side knows no such address; `detail` is what it said),
    `unsubscribed` (the person followed the link in a mail), `manual` (`detail` is the note).
    """

    channel: Channel
    address: str
    reason: SuppressionReason
    detail: str | None
    created_at: str


@dataclass
class ReportOperation(Operation):
    """A body that is a mail, which no Struct describes."""

    def __post_init__(self) -> None:
        mail = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))
        self.request_body = RequestBody(
            content={"message/rfc822": mail, "text/plain": mail},
            required=True,
            description="The bounce mail as it came, headers and all.",
        )


class SuppressionController(Controller):
    """Routes for project tokens."""

    path = "/api/suppressions"
    tags = ("suppressions",)
    opt = {"access": "project"}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="List suppressed addresses", responses=documented(422))
    async def list_suppressions(
        self,
        request: ApiRequest,
        limit: Limit = DEFAULT_LIMIT,
        channel: ChannelFilter = None,
        search: SearchQuery = None,
        starting_after: After = None,
        ending_before: Before = None,
    ) -> Page[SuppressionOut]:
        """By channel and address."""
        db, config = request.db, request.config
        cursor = Cursor(limit=limit, starting_after=starting_after, ending_before=ending_before)
        named = {"channel": channel, "query": search}

        def page(conn: Connection) -> list[Suppression]:
            return suppressions.page(conn, **named, **cursor.one_more)  # type: ignore[arg-type]

        rows = await db.scan(page)
        url = f"{config.server.public_url}/api/suppressions"
        return build_page(rows, cursor, url, named, suppression_out, suppressions.key)

    @post(
        status_code=201,
        summary="Suppress an address",
        dto=JsonBody[SuppressionIn],
        return_dto=None,
        responses={
            201: ResponseSpec(
                SuppressionOut, generate_examples=False, description="It is on the list."
            ),
            **documented(400, 413, 422, 503),
        },
    )
    async def add_suppression(
        self,
        data: JSONBody[SuppressionIn],
        request: ApiRequest,
        idempotency_key: IdempotencyKey = None,
    ) -> ReadyAnswer:
        """It gets no mail from now on. What is on the list already keeps its reason."""
        db, clock = request.db, request.clock
        if wrong := email_problem(data.address):
            raise InvalidField("/address", wrong)
        now = clock.now()
        once = await once_key(request, idempotency_key, f"project:{request.project.name}")
        text = await answer_once(db, clock, once, lambda conn: _added(conn, data, now))
        return ReadyAnswer(text.encode(), status_code=201)

    @delete(
        status_code=204,
        summary="Take an address off the list",
        responses=documented(404, 422, 503),
    )
    async def remove_suppression(
        self, request: ApiRequest, address: AddressQuery, channel: ChannelQuery = EMAIL
    ) -> None:
        """It gets mail again, whatever it was on the list for. 404 when it was not there."""
        db = request.db
        if not await db.write(lambda conn: suppressions.remove(conn, channel, address)):
            raise NotFound("This address is not suppressed.")

    @post(
        "/dsn",
        status_code=200,
        summary="Hand in a bounce mail",
        operation_class=ReportOperation,
        responses={
            200: ResponseSpec(Accepted, generate_examples=False, description="It was read."),
            **documented(400, 413, 422, 503),
        },
    )
    async def add_report(
        self, request: ApiRequest, idempotency_key: IdempotencyKey = None
    ) -> ReadyAnswer:
        """A delivery status notification (RFC 3464), whole, as the body.

        Addresses that failed for good, and belong to a user, are suppressed. What is delayed, may
        pass, is about something else than the address, or belongs to no user, is ignored.
        422 for a mail that is no such notification.
        """
        db, clock = request.db, request.clock
        # In a thread: a large mail that is made to be slow takes half a second.
        found = await asyncio.to_thread(dsn.parse, await request.body())
        now = clock.now()
        once = await once_key(request, idempotency_key, f"project:{request.project.name}")
        text = await answer_once(
            db, clock, once, lambda conn: _as_json(bounces.accept(conn, found, now))
        )
        return ReadyAnswer(text.encode(), status_code=200)


def _added(conn: WriteConnection, data: SuppressionIn, now: int) -> str:
    suppressions.add(conn, data.channel, data.address, "manual", data.detail, now)
    found = suppressions.get(conn, data.channel, data.address)
    assert found is not None  # noqa: S101 - it was added in this transaction
    return _as_json(suppression_out(found))


def _as_json(answer: Any) -> str:
    return msgspec.json.encode(answer).decode()


def suppression_out(row: Suppression) -> SuppressionOut:
    """A stored entry as the API shows it."""
    return SuppressionOut(
        channel=row.channel,
        address=row.address,
        reason=row.reason,
        detail=row.detail,
        created_at=to_rfc3339(row.created_at),
    )
