"""What a user wants where and when: categories by channels, and quiet hours, pauses, digests."""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Annotated, Any

import msgspec
from litestar import Controller, get, put
from litestar.params import JSONBody

from notifybell.api.body import JsonBody
from notifybell.api.problems import documented
from notifybell.api.request import ApiRequest
from notifybell.api.times import epoch_ms
from notifybell.api.users import time_out
from notifybell.config import policy
from notifybell.delivery.choices import change
from notifybell.domain import digests
from notifybell.domain.errors import FieldProblem, InvalidField
from notifybell.domain.local_time import minutes_of, zone_problem
from notifybell.domain.model import IN_APP, Channel
from notifybell.domain.near import no_such
from notifybell.domain.preferences import (
    ALL_CATEGORIES,
    DIGEST,
    OFF,
    ON,
    Choice,
    Decision,
    Policy,
    Reach,
    Settings,
    Subject,
    Wishes,
    resolve,
)
from notifybell.domain.quiet_hours import DAYS, Day, QuietHours
from notifybell.store import preferences
from notifybell.store.preferences import Choices

Key = Annotated[str, msgspec.Meta(min_length=1, max_length=255)]
Time = Annotated[str, msgspec.Meta(max_length=5, description="HH:MM on the user's clock.")]
Window = Annotated[
    str | None,
    msgspec.Meta(description=f"{digests.ALLOWED}; null: at once; left out: as it is."),
]

_NEVER = 0


class ChannelChoiceIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One channel, on or off, or on as a digest."""

    name: Key
    enabled: bool
    digest: Window | msgspec.UnsetType = msgspec.UNSET


class CategoryChoicesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Channels of one category; those left out stay as they are, and `label` is ignored."""

    key: Key
    label: str | None = None
    required: bool | None = None
    channels: Annotated[list[ChannelChoiceIn], msgspec.Meta(max_length=100)] = []


class QuietHoursIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """From `start` to `end`, over midnight where `end` is the earlier; `days` are the first's."""

    start: Time
    end: Time
    days: Annotated[list[Day], msgspec.Meta(min_length=1, max_length=7)] = msgspec.field(
        default_factory=lambda: list(DAYS)
    )


class PreferencesIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to change. What is left out stays as it is; null takes a setting back."""

    categories: Annotated[list[CategoryChoicesIn], msgspec.Meta(max_length=1000)] = []
    channels: Annotated[
        list[ChannelChoiceIn],
        msgspec.Meta(max_length=100, description="For all categories that say nothing themselves."),
    ] = []
    time_zone: (
        Annotated[
            str, msgspec.Meta(max_length=64, description="An IANA name, such as `Europe/Berlin`.")
        ]
        | msgspec.UnsetType
        | None
    ) = msgspec.UNSET
    quiet_hours: QuietHoursIn | msgspec.UnsetType | None = msgspec.UNSET
    paused_until: (
        Annotated[
            str | None, msgspec.Meta(description="RFC 3339; mail and pushes wait until then.")
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    digest_at: (
        Annotated[
            str | None, msgspec.Meta(description="HH:MM; when daily and weekly digests come.")
        ]
        | msgspec.UnsetType
    ) = msgspec.UNSET
    locale: (
        Annotated[str | None, msgspec.Meta(description="A language tag, such as `de` or `pt-BR`.")]
        | msgspec.UnsetType
    ) = msgspec.UNSET


class ChannelChoice(msgspec.Struct, frozen=True):
    """One channel, whether messages come there, and in which digest."""

    name: Channel
    enabled: bool
    digest: str | None


class CategoryChoices(msgspec.Struct, frozen=True):
    """One category on each channel. Where `required`, it cannot be turned off."""

    key: str
    label: str
    required: bool
    channels: list[ChannelChoice]


class Preferences(msgspec.Struct, frozen=True, kw_only=True):
    """Every category on every channel as it is now, and the user's own times.

    `channels` are the user's choices for all categories. `time_zone` and `digest_at` are null where
    the project's defaults apply.
    """

    categories: list[CategoryChoices]
    channels: list[ChannelChoice]
    time_zone: str | None
    quiet_hours: QuietHours | None
    paused_until: str | None
    digest_at: str | None
    locale: str | None


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
        user, db, rules = request.end_user, request.db, policy(request.config)
        chosen = db.read(lambda conn: preferences.for_user(conn, user.id))
        said = db.read(lambda conn: preferences.settings(conn, user.id))
        keys = [*rules.categories, *_undeclared(rules, chosen)]
        return Preferences(
            categories=[_category_out(rules, key, chosen) for key in keys],
            channels=[
                _choice_out(channel, choice)
                for (category, channel), choice in chosen.items()
                if category == ALL_CATEGORIES and channel in rules.configured
            ],
            time_zone=said.time_zone,
            quiet_hours=said.quiet_hours,
            paused_until=time_out(_still(said.paused_until, request.clock.now())),
            digest_at=said.digest_at,
            locale=said.locale,
        )

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
        """All of it, or nothing when a part of it is refused.

        A digest that is switched to "at once" sends what waited in it; one that is switched off
        drops it. The inbox keeps all of it either way.
        """
        user, db, clock, rules = (
            request.end_user,
            request.db,
            request.clock,
            policy(request.config),
        )
        chosen = db.read(lambda conn: preferences.for_user(conn, user.id))
        choices, problems = _checked(data, rules, chosen)
        before = db.read(lambda conn: preferences.settings(conn, user.id))
        said = _settings(data, before, problems)
        if problems:
            raise InvalidField(problems[0].pointer, problems[0].message, *problems[1:100])
        now = clock.now()
        if choices or said != before:
            await db.write(lambda conn: change(conn, rules, user.id, choices, said, now))


def _still(paused_until: int | None, now: int) -> int | None:
    return paused_until if paused_until is not None and paused_until > now else None


def _undeclared(rules: Policy, chosen: Choices) -> list[str]:
    named = {key for key, _ in chosen} - {ALL_CATEGORIES}
    return sorted(key for key in named if key not in rules.categories)


def _decisions(rules: Policy, key: str | None, chosen: Choices) -> Mapping[Channel, Decision]:
    """What happens to a category on each channel there is; to one of no category for None."""
    wishes = Wishes(
        for_category={channel: one for (of, channel), one in chosen.items() if of == key},
        for_all={channel: one for (of, channel), one in chosen.items() if of == ALL_CATEGORIES},
    )
    return resolve(rules, Subject(category=key), wishes, Reach(addresses=rules.configured), _NEVER)


def _category_out(rules: Policy, key: str, chosen: Choices) -> CategoryChoices:
    declared = rules.categories.get(key)
    decisions = _decisions(rules, key, chosen)
    return CategoryChoices(
        key=key,
        label=key if declared is None else declared.label,
        required=declared is not None and declared.required,
        channels=[
            ChannelChoice(channel, decisions[channel].action != "skip", decisions[channel].window)
            for channel in rules.configured
        ],
    )


def _choice_out(channel: Channel, choice: Choice) -> ChannelChoice:
    window = choice.removeprefix(DIGEST) if choice.startswith(DIGEST) else None
    return ChannelChoice(channel, choice != OFF, window)


def _checked(
    data: PreferencesIn, rules: Policy, chosen: Choices
) -> tuple[dict[tuple[str, Channel], Choice], list[FieldProblem]]:
    """What to store, and every part that is not allowed."""
    known = [*rules.categories, *_undeclared(rules, chosen)]
    choices: dict[tuple[str, Channel], Choice] = {}
    problems = _add_channels(ALL_CATEGORIES, data.channels, rules, chosen, "", choices)
    for index, category in enumerate(data.categories):
        at = f"/categories/{index}"
        if category.key not in known:
            message = no_such("category", category.key, known)
            problems.append(FieldProblem(f"{at}/key", message))
            continue
        problems += _add_channels(category.key, category.channels, rules, chosen, at, choices)
    return choices, problems


def _add_channels(
    key: str,
    wishes: Iterable[ChannelChoiceIn],
    rules: Policy,
    chosen: Choices,
    at: str,
    choices: dict[tuple[str, Channel], Choice],
) -> list[FieldProblem]:
    """Add what is said of one category to `choices`; what is wrong with it."""
    declared = rules.categories.get(key)
    is_required = declared is not None and declared.required
    problems: list[FieldProblem] = []
    for index, wish in enumerate(wishes):
        where = f"{at}/channels/{index}"
        if problem := _problem(wish, rules, key if is_required else None, where):
            problems.append(problem)
        elif not is_required:
            choices[key, wish.name] = _choice(wish, key, rules, chosen)
    return problems


def _problem(
    wish: ChannelChoiceIn, rules: Policy, required: str | None, at: str
) -> FieldProblem | None:
    if wish.name not in rules.configured:
        return FieldProblem(f"{at}/name", no_such("channel", wish.name, rules.configured))
    if required is not None and not wish.enabled:
        message = f"category {required} is required and cannot be turned off"
        return FieldProblem(f"{at}/enabled", message)
    if wish.digest is None or wish.digest is msgspec.UNSET:
        return None
    if wish.name == IN_APP:
        return FieldProblem(f"{at}/digest", "the inbox is no digest; leave it out for in_app")
    if required is not None:
        return FieldProblem(f"{at}/digest", f"category {required} is required, so never a digest")
    if not digests.is_window(wish.digest):
        return FieldProblem(f"{at}/digest", f"must be {digests.ALLOWED}")
    return None


def _choice(wish: ChannelChoiceIn, key: str, rules: Policy, chosen: Choices) -> Choice:
    if not wish.enabled:
        return OFF
    if wish.digest is msgspec.UNSET:
        window = _window(key, wish.name, rules, chosen)
        return ON if window is None else f"{DIGEST}{window}"
    return ON if wish.digest is None else f"{DIGEST}{wish.digest}"


def _window(key: str, channel: Channel, rules: Policy, chosen: Choices) -> str | None:
    """The digest that the channel is in now or, when it is off, would be in by default.

    Clients that know of no digests turn channels on and off, and write back what they have read.
    """
    category = None if key == ALL_CATEGORIES else key
    now = _decisions(rules, category, chosen)[channel]
    return now.window if now.action != "skip" else _decisions(rules, category, {})[channel].window


def _settings(data: PreferencesIn, before: Settings, problems: list[FieldProblem]) -> Settings:
    """The user's times with what the request says; what is wrong with that goes to `problems`."""
    changes: dict[str, object] = {}
    for name, read in _READERS.items():
        said = getattr(data, name)
        if said is msgspec.UNSET:
            continue
        try:
            changes[name] = None if said is None else read(said)
        except InvalidField as refused:
            problems += refused.problems
    return msgspec.structs.replace(before, **changes)


def _quiet_hours(said: QuietHoursIn) -> QuietHours:
    start = _time_of_day(said.start, "/quiet_hours/start")
    end = _time_of_day(said.end, "/quiet_hours/end")
    if start == end:
        raise InvalidField("/quiet_hours/end", "must differ from start")
    return QuietHours(start=start, end=end, days=tuple(said.days))


def _time_of_day(text: str, pointer: str) -> str:
    try:
        minutes_of(text)
    except ValueError as exc:
        raise InvalidField(pointer, "must be a time of day from 00:00 to 23:59") from exc
    return text


def _time_zone(text: str) -> str:
    if problem := zone_problem(text):
        raise InvalidField("/time_zone", problem)
    return text


def _locale(text: str) -> str:
    if not (text.replace("-", "").isalnum() and len(text) <= 35):
        raise InvalidField("/locale", "must be a language tag, such as de or pt-BR")
    return text


_READERS: Mapping[str, Callable[[Any], object]] = {
    "time_zone": _time_zone,
    "quiet_hours": _quiet_hours,
    "paused_until": partial(epoch_ms, pointer="/paused_until"),
    "digest_at": partial(_time_of_day, pointer="/digest_at"),
    "locale": _locale,
}
