"""Deliveries: every row of the table of states, and that whoever comes late changes nothing."""

from collections.abc import Callable

import pytest

from notifybell.domain.model import Delivery, DeliveryState, DueDelivery, User
from notifybell.store import deliveries, tokens
from notifybell.store import due as claim_due
from notifybell.store.database import WriteConnection
from tests.factories import NOW, a_browser
from tests.store.inbox import HOUR, a_user, enqueue, ids_of

LEASE = 600_000


def claim(
    conn: WriteConnection, *, now: int = NOW, limit: int = 10, lease_ms: int = LEASE
) -> list[DueDelivery]:
    return claim_due.claim(conn, "email", "", now, limit=limit, lease_ms=lease_ms)


def claimed(conn: WriteConnection) -> DueDelivery:
    """One delivery to Ann, in our hands."""
    enqueue(conn, a_user(conn))
    [due] = claim(conn)
    return due


def now_is(conn: WriteConnection, delivery_id: str) -> Delivery:
    found = deliveries.get(conn, delivery_id)
    assert found is not None
    return found


# --- claiming -----------------------------------------------------------------------------------


def test_a_claim_counts_the_attempt_and_brings_what_to_say(conn: WriteConnection) -> None:
    [delivery_id] = enqueue(conn, a_user(conn), title="Shipped", category="orders", topic="o1")
    [due] = claim(conn)
    assert (due.id, due.attempt, due.address) == (delivery_id, 1, "ann@example.com")
    assert (due.title, due.category, due.topic) == ("Shipped", "orders", "o1")
    assert due.lease
    stored = now_is(conn, delivery_id)
    assert (stored.state, stored.attempt) == ("sending", 1)


def test_what_is_claimed_is_not_claimed_again(conn: WriteConnection) -> None:
    claimed(conn)
    assert claim(conn) == []


def test_the_longest_due_go_first_within_the_limit(conn: WriteConnection) -> None:
    user = a_user(conn)
    [third] = enqueue(conn, user, due_at=NOW)
    [first] = enqueue(conn, user, due_at=NOW - 20)
    [second] = enqueue(conn, user, due_at=NOW - 10)
    enqueue(conn, user, due_at=NOW + 1)
    assert ids_of(claim(conn, limit=2)) == [first, second]
    assert ids_of(claim(conn)) == [third]


def test_only_the_channel_asked_for_is_claimed(conn: WriteConnection) -> None:
    enqueue(conn, a_user(conn), channel="web_push", address="tok_1")
    assert claim(conn) == []


@pytest.mark.parametrize("state", ["sent", "skipped", "dead", "suppressed", "expired", "sending"])
def test_only_what_is_queued_is_claimed(conn: WriteConnection, state: DeliveryState) -> None:
    enqueue(conn, a_user(conn), state=state)
    assert claim(conn) == []


def test_a_push_comes_with_its_subscription(conn: WriteConnection) -> None:
    user = a_user(conn)
    subscription = a_browser(conn, user.id, "https://push/1")
    enqueue(conn, user, channel="web_push", address=subscription.id)
    [due] = claim_due.claim(conn, "web_push", "", NOW, limit=1, lease_ms=LEASE)
    assert due.token == subscription


def test_a_push_never_follows_its_browser_to_another_user(conn: WriteConnection) -> None:
    """Ann signed out, Bob signed in on the same browser, and Ann's push was still waiting."""
    ann, bob = a_user(conn, "ann"), a_user(conn, "bob")
    subscription = a_browser(conn, ann.id, "https://push/1")
    enqueue(conn, ann, channel="web_push", address=subscription.id)
    a_browser(conn, bob.id, "https://push/1", NOW + 1)
    [due] = claim_due.claim(conn, "web_push", "", NOW, limit=1, lease_ms=LEASE)
    assert due.token is None


def test_what_has_lost_its_content_is_skipped_and_not_claimed_for_ever(
    conn: WriteConnection,
) -> None:
    [delivery_id] = enqueue(conn, a_user(conn))
    conn.execute("DELETE FROM notification")
    assert claim(conn) == []
    stored = now_is(conn, delivery_id)
    assert (stored.state, stored.attempt) == ("skipped", 0)
    assert stored.reason == "project default; what it tells of is gone"


# --- settling -----------------------------------------------------------------------------------


def test_a_receipt_ends_it(conn: WriteConnection) -> None:
    due = claimed(conn)
    assert deliveries.settle_sent(conn, due, "250 OK", NOW + 5)
    stored = now_is(conn, due.id)
    assert (stored.state, stored.receipt, stored.error) == ("sent", "250 OK", None)
    assert (stored.attempt, stored.updated_at) == (1, NOW + 5)


def test_a_failure_that_may_pass_waits(conn: WriteConnection) -> None:
    due = claimed(conn)
    conn.forget_touched()
    assert deliveries.settle_retry(conn, due, due_at=NOW + 30, error="451 later", now=NOW)
    stored = now_is(conn, due.id)
    assert (stored.state, stored.due_at, stored.error) == ("queued", NOW + 30, "451 later")
    assert stored.attempt == 1
    assert conn.touched_channels == {"email"}
    assert claim(conn, now=NOW + 29) == []
    assert [one.attempt for one in claim(conn, now=NOW + 30)] == [2]


def test_success_after_failure_clears_the_error(conn: WriteConnection) -> None:
    due = claimed(conn)
    deliveries.settle_retry(conn, due, due_at=NOW, error="451 later", now=NOW)
    [again] = claim(conn)
    deliveries.settle_sent(conn, again, "250 OK", NOW)
    assert now_is(conn, due.id).error is None


def test_a_refusal_for_good_buries_it(conn: WriteConnection) -> None:
    due = claimed(conn)
    assert deliveries.settle_dead(conn, due, "550 no such user", NOW)
    stored = now_is(conn, due.id)
    assert (stored.state, stored.error, stored.attempt) == ("dead", "550 no such user", 1)


def test_a_gone_address_is_forgotten(conn: WriteConnection) -> None:
    user = a_user(conn)
    subscription = a_browser(conn, user.id, "https://push/1")
    enqueue(conn, user, channel="web_push", address=subscription.id)
    [due] = claim_due.claim(conn, "web_push", "", NOW, limit=1, lease_ms=LEASE)
    assert deliveries.settle_gone(conn, due, "410 Gone", NOW)
    assert now_is(conn, due.id).state == "suppressed"
    assert tokens.get(conn, user.id, "web_push", subscription.id) is None


def test_too_late_costs_no_attempt(conn: WriteConnection) -> None:
    due = claimed(conn)
    assert deliveries.settle_expired(conn, due, NOW + HOUR)
    stored = now_is(conn, due.id)
    assert (stored.state, stored.attempt) == ("expired", 0)
    assert stored.error == "its deadline passed before it could be sent"


def test_what_is_given_back_costs_no_attempt(conn: WriteConnection) -> None:
    due = claimed(conn)
    conn.forget_touched()
    assert deliveries.release(conn, [due], due_at=NOW + 9, error="email.password", now=NOW) == 1
    stored = now_is(conn, due.id)
    assert (stored.state, stored.attempt, stored.due_at) == ("queued", 0, NOW + 9)
    assert stored.error == "email.password"
    assert conn.touched_channels == {"email"}


def test_giving_back_without_a_reason_keeps_the_last_error(conn: WriteConnection) -> None:
    due = claimed(conn)
    deliveries.settle_retry(conn, due, due_at=NOW, error="451 later", now=NOW)
    [again] = claim(conn)
    deliveries.release(conn, [again], due_at=NOW, error=None, now=NOW)
    stored = now_is(conn, due.id)
    assert (stored.attempt, stored.error) == (1, "451 later")


# --- coming late --------------------------------------------------------------------------------

Settle = Callable[[WriteConnection, DueDelivery], bool | int]
SETTLES: dict[str, Settle] = {
    "sent": lambda conn, due: deliveries.settle_sent(conn, due, "250 OK", NOW),
    "retry": lambda conn, due: deliveries.settle_retry(conn, due, due_at=NOW, error="x", now=NOW),
    "dead": lambda conn, due: deliveries.settle_dead(conn, due, "x", NOW),
    "gone": lambda conn, due: deliveries.settle_gone(conn, due, "x", NOW),
    "expired": lambda conn, due: deliveries.settle_expired(conn, due, NOW),
    "release": lambda conn, due: deliveries.release(conn, [due], due_at=NOW, error="x", now=NOW),
}


def _claimed_again(conn: WriteConnection, due: DueDelivery) -> None:
    """Given back and claimed once more: the attempt's number is the same again."""
    deliveries.release(conn, [due], due_at=NOW, error=None, now=NOW)
    [again] = claim(conn)
    assert again.attempt == due.attempt and again.lease != due.lease


def _rescued(conn: WriteConnection, due: DueDelivery) -> None:
    deliveries.rescue_expired(conn, "email", leased_until=NOW + LEASE, now=NOW + LEASE)


def _sent(conn: WriteConnection, due: DueDelivery) -> None:
    deliveries.settle_sent(conn, due, "250 first", NOW)


@pytest.mark.parametrize("settle", SETTLES.values(), ids=SETTLES)
@pytest.mark.parametrize("meanwhile", [_claimed_again, _rescued, _sent])
def test_a_late_settle_changes_nothing(
    conn: WriteConnection,
    settle: Settle,
    meanwhile: Callable[[WriteConnection, DueDelivery], None],
) -> None:
    due = claimed(conn)
    meanwhile(conn, due)
    before = now_is(conn, due.id)
    assert not settle(conn, due)
    assert now_is(conn, due.id) == before


# --- rescue and retry ---------------------------------------------------------------------------


def test_a_lease_that_is_over_is_rescued_with_its_attempt(conn: WriteConnection) -> None:
    due = claimed(conn)
    conn.forget_touched()
    assert deliveries.rescue_expired(conn, "email", leased_until=NOW + LEASE - 1, now=NOW) == 0
    assert conn.touched_channels == set()
    assert deliveries.rescue_expired(conn, "email", leased_until=NOW + LEASE, now=NOW + LEASE) == 1
    assert conn.touched_channels == {"email"}
    stored = now_is(conn, due.id)
    assert (stored.state, stored.attempt, stored.due_at) == ("queued", 1, NOW + LEASE)
    assert stored.error is not None and "may have been sent" in stored.error


def test_a_rescue_leaves_other_channels_alone(conn: WriteConnection) -> None:
    claimed(conn)
    assert deliveries.rescue_expired(conn, "web_push", leased_until=2**62, now=NOW) == 0


def test_a_dead_one_can_be_asked_for_again(conn: WriteConnection) -> None:
    due = claimed(conn)
    deliveries.settle_dead(conn, due, "550 no", NOW)
    conn.forget_touched()
    assert deliveries.retry(conn, due.id, deadline_at=NOW + 2 * HOUR, now=NOW + HOUR)
    stored = now_is(conn, due.id)
    assert (stored.state, stored.attempt) == ("queued", 0)
    assert (stored.due_at, stored.deadline_at) == (NOW + HOUR, NOW + 2 * HOUR)
    assert conn.touched_channels == {"email"}


@pytest.mark.parametrize("state", ["queued", "sending", "sent", "skipped", "suppressed"])
def test_only_a_dead_one_is_retried(conn: WriteConnection, state: DeliveryState) -> None:
    [delivery_id] = enqueue(conn, a_user(conn), state=state)
    before = now_is(conn, delivery_id)
    assert not deliveries.retry(conn, delivery_id, deadline_at=NOW + HOUR, now=NOW)
    assert now_is(conn, delivery_id) == before
    assert not deliveries.retry(conn, "dlv_unknown", deadline_at=NOW, now=NOW)


def test_what_waits_after_a_failure_can_be_tried_at_once(conn: WriteConnection) -> None:
    due = claimed(conn)
    deliveries.settle_retry(conn, due, due_at=NOW + HOUR, error="greylisted", now=NOW)
    before = now_is(conn, due.id)
    conn.forget_touched()
    assert deliveries.try_now(conn, due.id, now=NOW + 1)
    stored = now_is(conn, due.id)
    assert (stored.state, stored.attempt, stored.due_at) == ("queued", 1, NOW + 1)
    assert stored.deadline_at == before.deadline_at
    assert conn.touched_channels == {"email"}


@pytest.mark.parametrize("state", ["queued", "dead", "sending", "sent", "skipped", "suppressed"])
def test_what_waits_for_its_time_is_not_tried_at_once(
    conn: WriteConnection, state: DeliveryState
) -> None:
    [delivery_id] = enqueue(conn, a_user(conn), state=state, due_at=NOW + HOUR)
    before = now_is(conn, delivery_id)
    assert not deliveries.try_now(conn, delivery_id, now=NOW)
    assert now_is(conn, delivery_id) == before


# --- reading ------------------------------------------------------------------------------------


def test_only_what_waits_to_be_sent_wakes_a_lane(conn: WriteConnection) -> None:
    user = a_user(conn)
    enqueue(conn, user, channel="in_app", address=None, state="sent")
    enqueue(conn, user, state="skipped")
    assert conn.touched_channels == set()
    enqueue(conn, user)
    assert conn.touched_channels == {"email"}


def test_hosts_that_something_waits_for_are_told_with_the_next_due_moment(
    conn: WriteConnection,
) -> None:
    user = a_user(conn)
    assert claim_due.waiting(conn, "email", limit=9) == []
    enqueue(conn, user, due_at=NOW + 50)
    enqueue(conn, user, due_at=NOW + 20)
    enqueue(conn, user, channel="web_push", due_at=NOW)
    assert claim_due.waiting(conn, "email", limit=9) == [("", NOW + 20)]
    claim(conn, now=NOW + 50)
    assert claim_due.waiting(conn, "email", limit=9) == []


@pytest.mark.parametrize(
    ("after", "limit", "told"),
    [
        (None, 9, "abcd"),
        ("a", 9, "bcda"),
        ("b", 9, "cdab"),
        ("bb", 9, "cdab"),  # it has nothing waiting any more
        ("d", 9, "abcd"),
        ("b", 3, "cda"),
        ("b", 2, "cd"),
        (None, 2, "ab"),
    ],
)
def test_hosts_come_around_the_clock(
    conn: WriteConnection, after: str | None, limit: int, told: str
) -> None:
    user = a_user(conn)
    for host in "cadb":
        enqueue(conn, user, channel="webhook", host=host, number=2)
    enqueue(conn, user, channel="webhook", host="e", state="sent")
    found = claim_due.waiting(conn, "webhook", after, limit=limit)
    assert [host for host, _ in found] == [*told]


def test_a_notifications_deliveries_are_found_together(conn: WriteConnection) -> None:
    user = a_user(conn)
    enqueue(conn, user)
    [delivery_id] = enqueue(conn, user)
    notification_id = now_is(conn, delivery_id).notification_id
    assert ids_of(deliveries.of_notification(conn, notification_id)) == [delivery_id]


def page(conn: WriteConnection, **terms: object) -> list[str]:
    values: dict[str, object] = {"limit": 50, "starting_after": None, "ending_before": None}
    return ids_of(deliveries.page(conn, **(values | terms)))  # type: ignore[arg-type]


FILTERS: list[tuple[dict[str, object], set[str]]] = [
    ({}, {"queued", "retrying", "sent", "dead", "push"}),
    ({"state": "queued"}, {"queued", "push"}),
    ({"state": "retrying"}, {"retrying"}),
    ({"state": "sent"}, {"sent"}),
    ({"state": "dead"}, {"dead"}),
    ({"state": "suppressed"}, set()),
    ({"channel": "web_push"}, {"push"}),
    ({"state": "queued", "channel": "email"}, {"queued"}),
]


def _one_of_each(conn: WriteConnection) -> tuple[User, dict[str, str]]:
    """Deliveries of Ann's in several states, by a word for each, oldest first."""
    ann = a_user(conn)
    made = {}
    for offset, word in enumerate(("retrying", "sent", "dead")):
        [made[word]] = enqueue(conn, ann, now=NOW + offset)
    by_id = {due.id: due for due in claim(conn)}
    deliveries.settle_retry(conn, by_id[made["retrying"]], due_at=NOW + 5, error="x", now=NOW)
    deliveries.settle_sent(conn, by_id[made["sent"]], "250", NOW)
    deliveries.settle_dead(conn, by_id[made["dead"]], "550", NOW)
    [made["queued"]] = enqueue(conn, ann, now=NOW + 3)
    [made["push"]] = enqueue(conn, ann, now=NOW + 4, channel="web_push", address="tok_1")
    return ann, made


@pytest.mark.parametrize(("terms", "words"), FILTERS)
@pytest.mark.parametrize("of_user", [False, True])
def test_pages_hold_what_is_asked_for(
    conn: WriteConnection, terms: dict[str, object], words: set[str], of_user: bool
) -> None:
    ann, made = _one_of_each(conn)
    enqueue(conn, a_user(conn, "bob"), state="expired")
    if of_user:
        terms = {**terms, "user_id": ann.id}
    newest_first = [made[word] for word in ("push", "queued", "dead", "sent", "retrying")]
    expected = [id for id in newest_first if id in {made[word] for word in words}]
    found = page(conn, **terms)
    assert [id for id in found if id in made.values()] == expected
    assert of_user is False or found == expected


@pytest.mark.parametrize("of_user", [False, True])
def test_pages_of_deliveries_lead_both_ways(conn: WriteConnection, of_user: bool) -> None:
    ann, made = _one_of_each(conn)
    terms = {"user_id": ann.id} if of_user else {}
    everything = page(conn, **terms)
    assert sorted(everything, reverse=True) == everything and len(everything) == len(made)
    assert page(conn, limit=2, **terms) == everything[:2]
    assert page(conn, limit=2, starting_after=everything[1], **terms) == everything[2:4]
    assert page(conn, limit=2, ending_before=everything[3], **terms) == everything[1:3]
    assert page(conn, starting_after=everything[-1], **terms) == []


def test_a_broadcasts_deliveries_are_found(conn: WriteConnection) -> None:
    ann, made = _one_of_each(conn)
    broadcast_id = now_is(conn, made["dead"]).broadcast_id
    assert page(conn, broadcast_id=broadcast_id) == [made["dead"]]
    assert page(conn, broadcast_id=broadcast_id, user_id=ann.id) == [made["dead"]]
