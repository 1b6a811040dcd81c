"""What a user wants where: every category by every channel, on or off."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated

import msgspec
from litestar import Controller, get, put
from litestar.params import JSONBody

from notifybell.api.body import JsonBody
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.config import policy
from notifybell.domain.errors import FieldProblem, InvalidField
from notifybell.domain.model import CHANNELS, Channel
from notifybell.domain.preferences import Policy, resolve
from notifybell.store import preferences

Choices = Mapping[tuple[str, Channel], bool]

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]


class ChannelChoiceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One channel, on or off."""

    name: Key
    enabled: bool


class CategoryChoicesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channels of one category; those left out stay as they are, and `label` is ignored."""

    key: Key
    label: str | None = None
    channels: Annotated[list[ChannelChoiceIn], msgspec.Meta(max_length=100)] = []


class PreferencesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change; categories left out stay as they are."""

    categories: Annotated[list[CategoryChoicesIn], msgspec.Meta(max_length=1000)] = []


class ChannelChoice(msgspec.Struct, frozen=True):
    """One channel, and whether this category comes there."""

    name: Channel
    enabled: bool


class CategoryChoices(msgspec.Struct, frozen=True):
    """One category on each channel. Where `required`, it cannot be turned off."""

    key: str
    label: str
    required: bool
    channels: list[ChannelChoice]


class Preferences(msgspec.Struct, frozen=True):
    """Every category on every channel, as it is now."""

    categories: list[CategoryChoices]


class PreferencesController(Controller):
    """Routes for user tokens (or a project acting for a user)."""

    path = "/api/channels/user_preferences"
    tags = ("preferences",)
    opt = {"access": "user"}  # noqa: RUF012 - Litestar reads it from the class

    @get(summary="Get preferences", responses=documented())
    async def get_user_preferences(
        self,
        request: ApiRequest,
    ) -> Preferences:
        """What the user chose, else the category's default, else the project's.

        The categories are those of the configuration, and others that the user turned off by a
        link in a mail.
        """
        user, db, config = request.end_user, request.db, request.config
        chosen = db.read(lambda conn: preferences.for_user(conn, user.id))
        rules = policy(config)
        keys = [*rules.categories, *_undeclared(rules, chosen)]
        return Preferences([_category_out(rules, key, chosen) for key in keys])

    @put(
        status_code=204,
        summary="Change preferences",
        dto=JsonBody[PreferencesIn],
        return_dto=None,
        responses=documented(400, 413, 422),
    )
    async def put_user_preferences(
        self,
        request: ApiRequest,
        data: JSONBody[PreferencesIn],
    ) -> None:
        """All of it, or nothing when a part of it is refused."""
        user, db, clock, config = request.end_user, request.db, request.clock, request.config
        chosen = db.read(lambda conn: preferences.for_user(conn, user.id))
        choices = _checked(data, policy(config), chosen)
        now = clock.now()
        if choices:
            await db.write(lambda conn: preferences.put(conn, user.id, choices, now))


def _undeclared(rules: Policy, chosen: Choices) -> list[str]:
    return sorted({key for key, _ in chosen if key not in rules.categories})


def _category_out(rules: Policy, key: str, chosen: Choices) -> CategoryChoices:
    declared = rules.categories.get(key)
    decisions = resolve(
        rules,
        category=key,
        only=None,
        chosen={channel: on for (of, channel), on in chosen.items() if of == key},
        addresses=CHANNELS,
    )
    return CategoryChoices(
        key=key,
        label=key if declared is None else declared.label,
        required=declared is not None and declared.required,
        channels=[
            ChannelChoice(channel, decisions[channel].action == "send")
            for channel in CHANNELS
            if channel in rules.configured
        ],
    )


def _checked(
    data: PreferencesIn, rules: Policy, chosen: Choices
) -> dict[tuple[str, Channel], bool]:
    """What to store. Raises InvalidField naming every part that is not allowed."""
    known = [*rules.categories, *_undeclared(rules, chosen)]
    choices: dict[tuple[str, Channel], bool] = {}
    problems: list[FieldProblem] = []
    for index, category in enumerate(data.categories):
        at = f"/categories/{index}"
        if category.key not in known:
            message = _no_such("category", category.key, known)
            problems.append(FieldProblem(f"{at}/key", message))
            continue
        problems += _add_channels(category, rules, at, choices)
    if problems:
        raise InvalidField(problems[0].pointer, problems[0].message, *problems[1:100])
    return choices


def _add_channels(
    category: CategoryChoicesIn, rules: Policy, at: str, choices: dict[tuple[str, Channel], bool]
) -> list[FieldProblem]:
    """Add what one category says to `choices`; what is wrong with it."""
    configured = {str(channel): channel for channel in CHANNELS if channel in rules.configured}
    declared = rules.categories.get(category.key)
    is_required = declared is not None and declared.required
    problems: list[FieldProblem] = []
    for index, wish in enumerate(category.channels):
        channel = configured.get(wish.name)
        if channel is None:
            message = _no_such("channel", wish.name, configured)
            problems.append(FieldProblem(f"{at}/channels/{index}/name", message))
        elif is_required and not wish.enabled:
            message = f"category {category.key} is required and cannot be turned off"
            problems.append(FieldProblem(f"{at}/channels/{index}/enabled", message))
        elif not is_required:
            choices[category.key, channel] = wish.enabled
    return problems


def _no_such(noun: str, name: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"there is no such {noun}" + (f"; did you mean {near[0]!r}?" if near else "")
