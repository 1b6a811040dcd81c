"""Categories and routing as the configuration file has them. The file is the only place to change
them, and nothing secret is in these tables."""

from collections.abc import Sequence

import msgspec
from litestar import Response, get

from notifybell.api.request import ApiRequest
from notifybell.config import policy
from notifybell.dashboard.pages import page
from notifybell.dashboard.standing import label_of
from notifybell.domain.model import Category, Channel
from notifybell.domain.preferences import Policy


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What happens on one channel where the user has not said otherwise."""

    label: str
    choice: str
    #: on, off, or digest:…
    origin: str
    #: why
    wait: str
    throttle: str


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One category, channel by channel."""

    key: str
    label: str
    marks: Sequence[str]
    rules: Sequence[Rule]


@get("/categories")
async def show_categories(request: ApiRequest) -> Response[str]:
    """The defaults, and each category over them."""
    rules = policy(request.config)
    everything = Category(key="", label="All that has no category, or one that is not declared")
    return page(
        request,
        "categories.html",
        shown=[
            _shown(request, rules, category)
            for category in (*rules.categories.values(), everything)
        ],
        declared=len(rules.categories),
        digest_at=rules.digest_at,
        time_zone=rules.time_zone,
    )


def _shown(request: ApiRequest, rules: Policy, category: Category) -> Shown:
    marks = [name for name in ("required", "urgent") if getattr(category, name)]
    return Shown(
        key=category.key,
        label=category.label,
        marks=marks,
        rules=[
            _rule(rules, category, channel, label_of(request, channel))
            for channel in rules.configured
        ],
    )


def _rule(rules: Policy, category: Category, channel: Channel, label: str) -> Rule:
    choice, origin = _choice(rules, category, channel)
    step, limit = category.route.get(channel), category.throttle.get(channel)
    return Rule(
        label=label,
        choice=choice,
        origin=origin,
        wait="" if step is None or step.text == channel else step.text,
        throttle="" if limit is None else f"{limit.count} per {limit.window_ms // 60_000} min",
    )


def _choice(rules: Policy, category: Category, channel: Channel) -> tuple[str, str]:
    """In the order of `domain/preferences.py`, as far as no user is asked."""
    if category.route and channel not in category.route:
        return "off", "its route leaves it out"
    if category.required:
        return "on", "required"
    if channel in category.channels:
        return category.channels[channel], "default of the category"
    return rules.defaults.get(channel, "on"), "project default"
