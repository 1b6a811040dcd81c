"""Who gets what, where, and the reason given."""

from collections.abc import Mapping
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifybell.domain.model import CHANNELS, Category, Channel
from notifybell.domain.preferences import Decision, Policy, resolve

ALL: frozenset[Channel] = frozenset(CHANNELS)
ON: dict[Channel, bool] = dict.fromkeys(CHANNELS, True)
Action = Literal["send", "skip"]


def a_category(
    key: str, *, required: bool = False, channels: Mapping[Channel, bool] | None = None
) -> Category:
    return Category(key=key, label=key.title(), required=required, channels=channels or {})


ORDERS = a_category("orders", channels={"email": False})
SECURITY = a_category("security", required=True, channels={"email": False})


def a_policy(configured: frozenset[Channel] = ALL, defaults: Mapping[Channel, bool] = ON) -> Policy:
    categories = {category.key: category for category in (ORDERS, SECURITY)}
    return Policy(configured=configured, defaults=defaults, categories=categories)


def mail_to_ann(
    *,
    policy: Policy | None = None,
    category: str | None = None,
    only: list[str] | None = None,
    chosen: Mapping[Channel, bool] | None = None,
    addresses: frozenset[Channel] = ALL,
) -> Decision:
    decisions = resolve(
        policy or a_policy(),
        category=category,
        only=only,
        chosen=chosen or {},
        addresses=addresses,
    )
    return decisions["email"]


OFF_BY_DEFAULT = a_policy(defaults={**ON, "email": False})
WITHOUT_EMAIL = a_policy(configured=ALL - {"email"})
NO_EMAIL: frozenset[Channel] = ALL - {"email"}
CHOSE_ON: dict[Channel, bool] = {"email": True}
CHOSE_OFF: dict[Channel, bool] = {"email": False}


@pytest.mark.parametrize(
    ("decision", "action", "reason"),
    [
        # 1: nothing helps a channel that is not configured
        (mail_to_ann(policy=WITHOUT_EMAIL), "skip", "channel email is not configured"),
        (
            mail_to_ann(policy=WITHOUT_EMAIL, category="security", chosen=CHOSE_ON),
            "skip",
            "channel email is not configured",
        ),
        # 2: nor a user without an address
        (mail_to_ann(addresses=NO_EMAIL), "skip", "user has no email address"),
        (
            mail_to_ann(addresses=NO_EMAIL, category="security"),
            "skip",
            "user has no email address",
        ),
        # 3: required beats the broadcast, the user and the category's own channels
        (
            mail_to_ann(category="security", only=["in_app"], chosen=CHOSE_OFF),
            "send",
            "category security is required",
        ),
        # 4: what the broadcast leaves out stays out
        (mail_to_ann(only=["in_app"]), "skip", "broadcast is not for email"),
        (mail_to_ann(only=[], chosen=CHOSE_ON), "skip", "broadcast is not for email"),
        # … and what it names is not forced on anyone
        (
            mail_to_ann(category="orders", only=["email"], chosen=CHOSE_OFF),
            "skip",
            "user turned email off for category orders",
        ),
        # 5: the user beats both defaults
        (
            mail_to_ann(category="orders", chosen=CHOSE_ON),
            "send",
            "user turned email on for category orders",
        ),
        (
            mail_to_ann(policy=OFF_BY_DEFAULT, category="news", chosen=CHOSE_ON),
            "send",
            "user turned email on for category news",
        ),
        # 6: the category beats the project
        (mail_to_ann(category="orders"), "skip", "default of category orders"),
        # 7: what nobody spoke of
        (mail_to_ann(), "send", "project default"),
        (mail_to_ann(category="news"), "send", "project default"),
        (mail_to_ann(policy=OFF_BY_DEFAULT), "skip", "project default"),
    ],
)
def test_the_first_rule_that_matches_decides(
    decision: Decision, action: Action, reason: str
) -> None:
    assert decision == Decision(action, reason)


def test_a_category_speaks_only_of_the_channels_it_names() -> None:
    decisions = resolve(a_policy(), category="orders", only=None, chosen={}, addresses=ALL)
    assert decisions["web_push"] == Decision("send", "project default")


def test_a_choice_for_one_channel_leaves_the_others_alone() -> None:
    decisions = resolve(a_policy(), category="news", only=None, chosen=CHOSE_OFF, addresses=ALL)
    assert {channel: decision.action for channel, decision in decisions.items()} == {
        "in_app": "send",
        "email": "skip",
        "web_push": "send",
    }


SWITCHES = st.dictionaries(st.sampled_from(CHANNELS), st.booleans())
SETS = st.frozensets(st.sampled_from(CHANNELS))


@given(
    configured=SETS,
    defaults=st.fixed_dictionaries(dict.fromkeys(CHANNELS, st.booleans())),
    declared=st.none() | st.tuples(st.booleans(), SWITCHES),
    only=st.none() | SETS,
    chosen=SWITCHES,
    addresses=SETS,
)
def test_every_channel_is_decided_and_no_rule_is_bent(
    configured: frozenset[Channel],
    defaults: dict[Channel, bool],
    declared: tuple[bool, dict[Channel, bool]] | None,
    only: frozenset[Channel] | None,
    chosen: dict[Channel, bool],
    addresses: frozenset[Channel],
) -> None:
    required, channels = declared or (False, {})
    news = a_category("news", required=required, channels=channels)
    policy = Policy(
        configured=configured,
        defaults=defaults,
        categories={"news": news} if declared else {},
    )
    decisions = resolve(policy, category="news", only=only, chosen=chosen, addresses=addresses)
    assert set(decisions) == set(CHANNELS)
    sent = {channel for channel, decision in decisions.items() if decision.action == "send"}
    reachable = configured & addresses
    assert sent <= reachable
    if required:
        assert sent == reachable
        return
    assert only is None or sent <= only
    wanted = {channel for channel, is_on in chosen.items() if is_on}
    unwanted = set(chosen) - wanted
    assert sent.isdisjoint(unwanted)
    assert wanted & reachable & (only if only is not None else reachable) <= sent
    assert all(decision.reason for decision in decisions.values())
