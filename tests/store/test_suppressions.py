"""The suppression list: who is on it, why, and what takes them off."""

import pytest

from notifybell.store import suppressions
from notifybell.store.database import WriteConnection
from notifybell.store.rows import as_json_list
from notifybell.store.suppressions import Suppression, SuppressionReason
from tests.factories import NOW

ANN, BOB = "ann@example.com", "bob@example.com"


def add(
    conn: WriteConnection,
    address: str = ANN,
    reason: SuppressionReason = "bounced",
    detail: str | None = None,
    *,
    channel: str = "email",
    now: int = NOW,
) -> bool:
    return suppressions.add(conn, channel, address, reason, detail, now)


def reason(conn: WriteConnection, address: str = ANN) -> str | None:
    found = suppressions.get(conn, "email", address)
    return None if found is None else found.reason


def why(conn: WriteConnection, *addresses: str, channel: str = "email") -> dict[str, str]:
    return suppressions.for_addresses(conn, channel, as_json_list(addresses))


def test_an_address_is_listed_once(conn: WriteConnection) -> None:
    assert add(conn, detail="550 no such user")
    assert not add(conn, reason="manual", detail="again", now=NOW + 1)
    assert suppressions.get(conn, "email", ANN) == Suppression(
        "email", ANN, "bounced", "550 no such user", NOW
    )


def test_capitals_make_no_other_address(conn: WriteConnection) -> None:
    add(conn, "Ann@Example.COM")
    assert not add(conn, "ANN@example.com")
    assert list(why(conn, "aNN@example.com", BOB)) == ["aNN@example.com"]
    assert suppressions.get(conn, "email", "ANN@EXAMPLE.COM") is not None
    assert suppressions.remove(conn, "email", "ANN@EXAMPLE.COM")


def test_capitals_beyond_ascii_make_no_other_address(conn: WriteConnection) -> None:
    add(conn, "ann@ÜBER.example")
    assert list(why(conn, "ann@über.example")) == ["ann@über.example"]


def test_an_address_is_listed_for_its_channel_only(conn: WriteConnection) -> None:
    add(conn)
    assert why(conn, ANN, channel="sms") == {}
    assert not suppressions.remove(conn, "sms", ANN)


@pytest.mark.parametrize(
    ("reason", "detail", "sentence"),
    [
        ("bounced", "550 5.1.1 no such user", "bounced: 550 5.1.1 no such user"),
        ("bounced", None, "bounced"),
        ("unsubscribed", None, "unsubscribed by link"),
        ("manual", None, "added by hand"),
        ("manual", "asked on the phone", "added by hand: asked on the phone"),
    ],
)
def test_a_reason_is_a_sentence_for_people(
    conn: WriteConnection, reason: SuppressionReason, detail: str | None, sentence: str
) -> None:
    add(conn, reason=reason, detail=detail)
    assert why(conn, BOB, ANN) == {ANN: sentence}


@pytest.mark.parametrize("first", ["bounced", "manual"])
def test_the_persons_own_word_replaces_other_reasons(
    conn: WriteConnection, first: SuppressionReason
) -> None:
    add(conn, reason=first, detail="some reason")
    assert add(conn, reason="unsubscribed", now=NOW + 5)
    assert suppressions.get(conn, "email", ANN) == Suppression(
        "email", ANN, "unsubscribed", None, NOW + 5
    )


@pytest.mark.parametrize("later", ["bounced", "manual", "unsubscribed"])
def test_nothing_replaces_the_persons_own_word(
    conn: WriteConnection, later: SuppressionReason
) -> None:
    add(conn, reason="unsubscribed")
    assert not add(conn, reason=later, now=NOW + 5)
    assert reason(conn) == "unsubscribed"


def test_a_removed_address_is_listed_no_more(conn: WriteConnection) -> None:
    add(conn)
    assert suppressions.remove(conn, "email", ANN)
    assert not suppressions.remove(conn, "email", ANN)
    assert why(conn, ANN) == {}


def test_an_address_can_be_removed_for_one_reason_only(conn: WriteConnection) -> None:
    add(conn)
    assert not suppressions.remove(conn, "email", ANN, reason="unsubscribed")
    assert suppressions.remove(conn, "email", ANN, reason="bounced")


def test_a_chunk_is_looked_up_by_the_primary_key(conn: WriteConnection) -> None:
    seen: list[str] = []
    conn.set_trace_callback(seen.append)
    why(conn, ANN, BOB)
    conn.set_trace_callback(None)
    [statement] = seen
    plan = [row[3] for row in conn.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert "SEARCH s USING PRIMARY KEY (channel=? AND address=?)" in plan


def pages(conn: WriteConnection, **filters: str | None) -> list[list[str]]:
    """The list in pages of two, walked forward."""
    found: list[list[str]] = []
    after: str | None = None
    while rows := suppressions.page(
        conn, limit=2, starting_after=after, ending_before=None, **filters
    ):
        found.append([row.address for row in rows])
        after = suppressions.key(rows[-1])
    return found


def test_pages_lead_both_ways(conn: WriteConnection) -> None:
    for name in "dbeac":
        add(conn, f"{name}@example.com")
    assert pages(conn) == [
        ["a@example.com", "b@example.com"],
        ["c@example.com", "d@example.com"],
        ["e@example.com"],
    ]
    back = suppressions.page(
        conn, limit=2, starting_after=None, ending_before="email:d@example.com"
    )
    assert [row.address for row in back] == ["b@example.com", "c@example.com"]


def test_pages_lead_over_several_channels_or_one(conn: WriteConnection) -> None:
    for channel, address in (("sms", "+49"), ("email", ANN), ("email", BOB), ("sms", "+48")):
        add(conn, address, channel=channel)
    assert pages(conn) == [[ANN, BOB], ["+48", "+49"]]
    assert pages(conn, channel="sms") == [["+48", "+49"]]


def test_a_part_of_an_address_finds_it(conn: WriteConnection) -> None:
    for address in (ANN, BOB, "joanna@example.org", "x%y@example.com"):
        add(conn, address)
    assert pages(conn, query="ANN") == [[ANN, "joanna@example.org"]]
    assert pages(conn, query="%") == [["x%y@example.com"]]
    assert pages(conn, query="pigeon") == []
