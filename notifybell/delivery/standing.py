"""How one user stands: what reaches them on which channel, and why."""

from collections.abc import Mapping

import msgspec

from notifybell.domain.model import EMAIL, IN_APP, Channel, Token, User
from notifybell.domain.preferences import (
    ALL_CATEGORIES,
    Decision,
    Policy,
    Reach,
    Settings,
    Subject,
    Wishes,
    resolve,
)
from notifybell.store import preferences, profiles, suppressions, topics
from notifybell.store.database import Connection
from notifybell.store.preferences import Choices
from notifybell.store.profiles import WaitingDigest
from notifybell.store.rows import as_json_list
from notifybell.store.topics import Subscription

_SHOWN = 50


class UserStanding(msgspec.Struct, frozen=True, kw_only=True):
    """One user with what decides where messages go."""

    user: User
    settings: Settings
    tokens: list[Token]
    topics: list[Subscription]
    #: the first fifty
    digests: list[WaitingDigest]
    matrix: Mapping[str | None, Mapping[Channel, Decision]]
    #: by category; None for messages without one


def standing_of(conn: Connection, policy: Policy, user: User, now: int) -> UserStanding:
    """What a message of each category would meet now, on each configured channel.

    Categories are those of the configuration, and others that the user has a word on.
    """
    chosen = preferences.for_user(conn, user.id)
    settings = preferences.settings(conn, user.id)
    tokens = profiles.tokens_of(conn, user.id)
    reach = _reach(conn, policy, user, tokens)
    named = {category for category, _ in chosen} - {ALL_CATEGORIES, *policy.categories}
    return UserStanding(
        user=user,
        settings=settings,
        tokens=tokens,
        topics=_topics(conn, user.id),
        digests=profiles.digests_of(conn, user.id),
        matrix={
            category: _decisions(policy, category, chosen, settings, reach, now)
            for category in (*policy.categories, *sorted(named), None)
        },
    )


def _reach(conn: Connection, policy: Policy, user: User, tokens: list[Token]) -> Reach:
    channels = {IN_APP, *(token.channel for token in tokens)}
    if user.email is None:
        return Reach(addresses=channels)
    suppressed = suppressions.for_addresses(conn, EMAIL, as_json_list([user.email.lower()]))
    why = suppressed.get(user.email.lower()) if EMAIL in policy.configured else None
    return Reach(addresses={*channels, EMAIL}, suppressed={} if why is None else {EMAIL: why})


def _decisions(
    policy: Policy,
    category: str | None,
    chosen: Choices,
    settings: Settings,
    reach: Reach,
    now: int,
) -> Mapping[Channel, Decision]:
    wishes = Wishes(
        for_category={channel: one for (of, channel), one in chosen.items() if of == category},
        for_all={channel: one for (of, channel), one in chosen.items() if of == ALL_CATEGORIES},
        settings=settings,
    )
    every = resolve(policy, Subject(category=category), wishes, reach, now)
    return {channel: every[channel] for channel in policy.configured}


def _topics(conn: Connection, user_id: str) -> list[Subscription]:
    return topics.page_of_user(
        conn, user_id, state=None, limit=_SHOWN, starting_after=None, ending_before=None
    )
