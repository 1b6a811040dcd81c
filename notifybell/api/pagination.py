"""Lists: `{data, links{first, next, prev}}`, with the ids of the page's ends as cursors.

`starting_after` goes on behind an id, `ending_before` goes back before it. Links are absolute,
since clients parse them as URLs.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
from litestar.params import QueryParameter

from notifybell.domain.errors import InvalidField

T = TypeVar("T")
Row = TypeVar("Row")

DEFAULT_LIMIT = 50

Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Items a page.", name="limit")]
StartingAfter = Annotated[
    str | None,
    QueryParameter(
        name="starting_after", max_length=255, description="The last id of the page before."
    ),
]
EndingBefore = Annotated[
    str | None,
    QueryParameter(
        name="ending_before", max_length=255, description="The first id of the page behind."
    ),
]


class Links(msgspec.Struct, frozen=True):
    """Where the neighbouring pages are; null where there is none."""

    first: str
    next: str | None
    prev: str | None


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list."""

    data: list[T]
    links: Links


class Cursor(msgspec.Struct, frozen=True, kw_only=True):
    """What part of a list is asked for."""

    limit: int
    starting_after: str | None
    ending_before: str | None

    def __post_init__(self) -> None:
        if self.starting_after is not None and self.ending_before is not None:
            raise InvalidField("ending_before", "give starting_after or ending_before, not both")

    @property
    def one_more(self) -> dict[str, int | str | None]:
        """Arguments for a store's `page`: one row past the page tells whether there is another."""
        return {
            "limit": self.limit + 1,
            "starting_after": self.starting_after,
            "ending_before": self.ending_before,
        }


def build_page(
    rows: Sequence[Row],
    cursor: Cursor,
    url: str,
    filters: Mapping[str, str | None],
    out: Callable[[Row], T],
    key: Callable[[Row], str],
) -> Page[T]:
    """A page of what `Cursor.one_more` fetched; `key` is the cursor's value of a row."""
    backwards = cursor.ending_before is not None
    has_more = len(rows) > cursor.limit
    kept = (rows[1:] if backwards else rows[:-1]) if has_more else rows
    query = {name: value for name, value in filters.items() if value is not None}

    def link(**place: str) -> str:
        return f"{url}?{urlencode({**query, 'limit': cursor.limit, **place})}"

    has_next = has_more or backwards
    has_prev = has_more if backwards else cursor.starting_after is not None
    return Page(
        data=[out(row) for row in kept],
        links=Links(
            first=link(),
            next=link(starting_after=key(kept[-1])) if kept and has_next else None,
            prev=link(ending_before=key(kept[0])) if kept and has_prev else None,
        ),
    )
