"""Who gets what, where and when, and the reason given."""

import re
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain import preferences
from notifybell.domain.clock import DAY_MS, HOUR_MS, MINUTE_MS
from notifybell.domain.model import Category, Channel, RouteStep
from notifybell.domain.preferences import (
    Decision,
    Policy,
    Reach,
    Settings,
    Subject,
    Wishes,
    resolve,
)
from notifybell.domain.quiet_hours import QuietHours
from tests.factories import CHANNELS, NOW

ORDERS = Category(key="orders", label="Orders", channels={"email": "off"})
NEWS = Category(key="news", label="News", channels={"email": "digest:daily"})
SECURITY = Category(key="security", label="S", required=True, channels={"email": "off"})
CODES = Category(key="codes", label="Codes", urgent=True, channels={"email": "digest:daily"})
CHAT = Category(
    key="chat",
    label="Chat",
    route={
        "in_app": RouteStep(channel="in_app"),
        "email": RouteStep(
            channel="email", after_ms=10 * MINUTE_MS, unless="read", text="after 10m unless read"
        ),
    },
)
CATEGORIES = {one.key: one for one in (ORDERS, NEWS, SECURITY, CODES, CHAT)}


def a_policy(
    configured: tuple[Channel, ...] = CHANNELS, defaults: Mapping[Channel, str] | None = None
) -> Policy:
    return Policy(
        known=CHANNELS, configured=configured, defaults=defaults or {}, categories=CATEGORIES
    )


def decide(
    channel: Channel = "email",
    *,
    policy: Policy | None = None,
    category: str | None = None,
    only: list[str] | None = None,
    chosen: Mapping[Channel, str] | None = None,
    for_all: Mapping[Channel, str] | None = None,
    muted: bool = False,
    settings: Settings | None = None,
    addresses: tuple[Channel, ...] = CHANNELS,
    suppressed: Mapping[Channel, str] | None = None,
    now: int = NOW,
) -> Decision:
    """What Ann gets on this channel."""
    return resolve(
        policy or a_policy(),
        Subject(category=category, topic="order/1", only=only),
        Wishes(
            for_category=chosen or {},
            for_all=for_all or {},
            is_topic_muted=muted,
            settings=settings or Settings(),
        ),
        Reach(addresses=addresses, suppressed=suppressed or {}),
        now,
    )[channel]


EMAIL_OFF = a_policy(defaults={"email": "off"})
WITHOUT_EMAIL = a_policy(configured=("in_app", "web_push"))
NO_EMAIL = ("in_app", "web_push")
ON, OFF = {"email": "on"}, {"email": "off"}
BOUNCED = {"email": "bounced: 550 no such user"}

Asked = dict[str, Any]

#: by rule of the table: what is asked, and the action and reason that must come of it
RULES: list[tuple[int, Asked, str, str]] = [
    (
        1,
        {"suppressed": BOUNCED, "category": "security"},
        "suppress",
        "address is suppressed: bounced: 550 no such user",
    ),
    (2, {"policy": WITHOUT_EMAIL}, "skip", "channel email is not configured"),
    (
        2,
        {"policy": WITHOUT_EMAIL, "category": "security", "chosen": ON},
        "skip",
        "channel email is not configured",
    ),
    (3, {"addresses": NO_EMAIL, "category": "security"}, "skip", "user has no email address"),
    (
        4,
        {"category": "security", "only": ["in_app"], "chosen": OFF, "muted": True},
        "send",
        "category security is required",
    ),
    (5, {"muted": True, "chosen": ON}, "skip", "user muted topic order/1"),
    (6, {"only": ["in_app"], "chosen": ON}, "skip", "broadcast is not for email"),
    (
        7,
        {"category": "orders", "only": ["email"], "chosen": OFF, "for_all": ON},
        "skip",
        "user turned email off for category orders",
    ),
    (
        7,
        {"category": "orders", "chosen": ON, "for_all": OFF},
        "send",
        "user turned email on for category orders",
    ),
    (
        7,
        {"category": "orders", "chosen": {"email": "digest:weekly"}},
        "digest",
        "user turned email to digest:weekly for category orders",
    ),
    (8, {"category": "orders", "for_all": ON}, "send", "user turned email on"),
    (8, {"for_all": OFF}, "skip", "user turned email off"),
    (
        9,
        {"channel": "web_push", "category": "chat"},
        "skip",
        "route of category chat leaves out web_push",
    ),
    (10, {"category": "orders"}, "skip", "default of category orders"),
    (10, {"category": "news"}, "digest", "default of category news"),
    (11, {}, "send", "project default"),
    (11, {"category": "unheard-of"}, "send", "project default"),
    (11, {"policy": EMAIL_OFF}, "skip", "project default"),
]


@pytest.mark.parametrize(("rule", "asked", "action", "reason"), RULES)
def test_the_first_rule_that_matches_decides(
    rule: int, asked: Asked, action: str, reason: str
) -> None:
    decision = decide(**asked)
    assert (decision.action, decision.reason) == (action, reason)


#: by the words of the table's third column
DECISIONS = {
    "suppress": {"suppress"},
    "skip": {"skip"},
    "skip those it leaves out": {"skip"},
    "send": {"send"},
    "as the user chose": {"send", "skip", "digest"},
    "as configured": {"send", "skip", "digest"},
}


def table(number: int) -> list[list[str]]:
    """The cells of a table in the module's docstring, without its head."""
    blocks = re.findall(r"(?:^\|.*\n)+", preferences.__doc__ or "", re.MULTILINE)
    rows = blocks[number].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def reason_of(text: str) -> str:
    """A pattern for what a row's reason stands for."""
    pattern = re.escape(text).replace("…", ".+")
    return pattern.replace("on/off/to\\ .+", "(?:on|off|to \\S+)")


def test_every_rule_of_the_table_has_a_case_and_says_what_it_does() -> None:
    rows = {int(number): (decision, reason) for number, _, decision, reason in table(0)}
    assert [*rows] == sorted({rule for rule, *_ in RULES}) == [*range(1, 12)]
    for rule, _, action, reason in RULES:
        decision, words = rows[rule]
        assert action in DECISIONS[decision]
        assert re.fullmatch(reason_of(words), reason), f"rule {rule} says {reason}"


def test_the_rules_are_in_the_order_of_the_table() -> None:
    """Of two that match the first decides: all that match at once, one taken away at a time."""
    all_at_once: Asked = {
        "category": "security",
        "suppressed": BOUNCED,
        "policy": WITHOUT_EMAIL,
        "addresses": NO_EMAIL,
        "muted": True,
        "only": ["in_app"],
        "chosen": OFF,
        "for_all": OFF,
    }
    decided = []
    for name in ("", "suppressed", "policy", "addresses", "category", "muted", "only", "chosen"):
        all_at_once.pop(name, None)
        if name == "category":  # its route leaves web push out
            all_at_once |= {"category": "chat", "channel": "web_push"}
            all_at_once["chosen"] = all_at_once["for_all"] = {"web_push": "off"}
        decided.append(decide(**all_at_once).reason)
    decided += [
        decide("web_push", category="chat").reason,
        decide(category="orders").reason,
        decide().reason,
    ]
    rows = table(0)
    assert len(decided) == len(rows)
    for (number, _, _, words), reason in zip(rows, decided, strict=True):
        assert re.fullmatch(reason_of(words), reason), f"rule {number} is not {reason}"


def test_a_digest_names_its_window() -> None:
    assert decide(category="news").window == "daily"


def test_a_required_category_is_never_a_digest() -> None:
    assert decide(category="security", chosen={"email": "digest:daily"}).action == "send"


# --- time -----------------------------------------------------------------------------------------

MIDNIGHT = QuietHours(start="22:00", end="07:00")
"""NOW is midnight in UTC."""


def test_a_route_waits_and_names_what_makes_it_needless() -> None:
    decision = decide(category="chat")
    assert (decision.not_before, decision.unless) == (NOW + 10 * MINUTE_MS, "read")
    assert decision.reason == "project default; after 10m unless read"


def test_quiet_hours_move_mail_to_their_end() -> None:
    decision = decide(settings=Settings(quiet_hours=MIDNIGHT))
    assert decision.action == "send"
    assert decision.not_before == NOW + 7 * HOUR_MS
    assert decision.reason == "project default; quiet hours until 2026-01-01T07:00:00.000Z"


def test_the_inbox_never_waits() -> None:
    settings = Settings(quiet_hours=MIDNIGHT, paused_until=NOW + DAY_MS)
    assert decide("in_app", settings=settings) == Decision("send", "project default")


def test_quiet_hours_are_those_of_the_users_own_clock() -> None:
    tokyo = Settings(quiet_hours=MIDNIGHT, time_zone="Asia/Tokyo")  # it is nine in the morning
    assert decide(settings=tokyo).not_before == 0


def test_a_pause_that_ends_in_quiet_hours_waits_for_their_end_too() -> None:
    settings = Settings(quiet_hours=MIDNIGHT, paused_until=NOW + 23 * HOUR_MS)
    assert decide(settings=settings).not_before == NOW + DAY_MS + 7 * HOUR_MS


def test_a_route_that_ends_in_quiet_hours_waits_for_their_end_too() -> None:
    decision = decide(category="chat", settings=Settings(quiet_hours=MIDNIGHT))
    assert (decision.not_before, decision.unless) == (NOW + 7 * HOUR_MS, "read")


def test_a_pause_that_is_over_changes_nothing() -> None:
    assert decide(settings=Settings(paused_until=NOW)).not_before == 0


def test_what_is_required_waits_for_quiet_hours_as_well() -> None:
    decision = decide(category="security", settings=Settings(quiet_hours=MIDNIGHT))
    assert decision.not_before == NOW + 7 * HOUR_MS


def test_what_is_urgent_waits_for_nothing() -> None:
    settings = Settings(quiet_hours=MIDNIGHT, paused_until=NOW + DAY_MS)
    decision = decide(category="codes", settings=settings)
    assert (decision.action, decision.not_before) == ("send", 0)
    assert decision.reason == "default of category codes; urgent, so no digest"


CHOICES = st.sampled_from(["on", "off", "digest:daily", "digest:15m"])
SOME_CHOICES = st.dictionaries(st.sampled_from(CHANNELS[1:]), CHOICES)
SETS = st.frozensets(st.sampled_from(CHANNELS))


@given(
    configured=SETS,
    declared=st.none() | st.tuples(st.booleans(), st.booleans(), SOME_CHOICES),
    only=st.none() | SETS,
    chosen=SOME_CHOICES,
    for_all=SOME_CHOICES,
    addresses=SETS,
    suppressed=SETS,
    muted=st.booleans(),
)
def test_every_channel_is_decided_and_no_rule_is_bent(
    configured: frozenset[Channel],
    declared: tuple[bool, bool, dict[Channel, str]] | None,
    only: frozenset[Channel] | None,
    chosen: dict[Channel, str],
    for_all: dict[Channel, str],
    addresses: frozenset[Channel],
    suppressed: frozenset[Channel],
    muted: bool,
) -> None:
    required, urgent, channels = declared or (False, False, {})
    news = Category(key="news", label="N", required=required, urgent=urgent, channels=channels)
    policy = Policy(
        known=CHANNELS,
        configured=tuple(configured),
        defaults={},
        categories={"news": news} if declared else {},
    )
    decisions = resolve(
        policy,
        Subject(category="news", topic="t", only=only),
        Wishes(for_category=chosen, for_all=for_all, is_topic_muted=muted),
        Reach(addresses=addresses, suppressed=dict.fromkeys(suppressed, "bounced")),
        NOW,
    )
    assert tuple(decisions) == CHANNELS
    assert all(decision.reason for decision in decisions.values())
    kept = {channel for channel, one in decisions.items() if one.action in ("send", "digest")}
    reachable = (configured & addresses) - suppressed
    assert kept <= reachable
    if required:
        assert kept == reachable
        assert all(decisions[channel].action == "send" for channel in kept)
        return
    if muted:
        assert not kept
        return
    assert only is None or kept <= only
    said = for_all | chosen
    wanted = {channel for channel, choice in said.items() if choice != "off"}
    assert kept.isdisjoint(set(said) - wanted)
    assert wanted & reachable & (only if only is not None else reachable) <= kept
    if urgent:
        assert all(decisions[channel].action == "send" for channel in kept)
