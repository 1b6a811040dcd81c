"""The project's own texts, in place of the built-in ones. Compiled at start, sandboxed.

For each part of a message the first of these that exists:

| order | folder                        | of locale `de-AT` and category `orders` |
| ----- | ----------------------------- | --------------------------------------- |
| 1     | the locale and the category   | `de-AT/orders/`                         |
| 2     | its language and the category | `de/orders/`                            |
| 3     | the category                  | `orders/`                               |
| 4     | the locale                    | `de-AT/_default/`                       |
| 5     | its language                  | `de/_default/`                          |
| 6     | neither                       | `_default/`                             |
| 7     | the built-in look             |                                         |

A template that yields nothing but white space leaves its part as it is without.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from jinja2 import (
    FunctionLoader,
    StrictUndefined,
    Template,
    TemplateError,
    TemplateSyntaxError,
    pass_context,
)
from jinja2.nodes import Template as Tree
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup, escape

from notifybell.channels import sample_messages, template_checks
from notifybell.channels.base import Message
from notifybell.channels.mail_html import content_html
from notifybell.channels.plain_text import one_line, whole_lines, without_markup
from notifybell.channels.template_files import (
    DEFAULT,
    ENDS,
    Found,
    Place,
    Source,
    as_locale,
    find,
    parts_of,
)
from notifybell.channels.template_values import FIELDS, Notice, values_of
from notifybell.config import Config, policy
from notifybell.domain.errors import ConfigError, Rejected
from notifybell.domain.model import Token


class Templates:
    """All of a project's templates. `warnings` are sentences about what is probably not meant."""

    def __init__(
        self,
        places: Mapping[Place, Template],
        *,
        base_url: str,
        time_zone: str = "UTC",
        warnings: Collection[str] = (),
    ) -> None:
        self.warnings = tuple(warnings)
        self._places = places
        self._base_url = base_url
        self._zone = ZoneInfo(time_zone)

    @classmethod
    def of(cls, config: Config) -> "Templates":
        """Those of `[templates]`; none without that table. Raises ConfigError."""
        if config.templates is None:
            return cls({}, base_url=config.server.public_url)
        categories = policy(config).categories
        return cls.load(
            config.templates.folder,
            labels={key: category.label for key, category in categories.items()},
            channels=[kind.name for kind in config.kinds],
            base_url=config.server.public_url,
            time_zone=config.defaults.time_zone,
        )

    @classmethod
    def load(
        cls,
        folder: Path,
        *,
        labels: Mapping[str, str],
        channels: Collection[str],
        base_url: str,
        time_zone: str = "UTC",
    ) -> "Templates":
        """Read, check and compile a folder. `labels` are the declared categories, by key.

        Raises ConfigError with a line per problem: file, line, what is wrong, what was meant.
        """
        found = find(folder, labels, channels)
        places = _compiled(found)
        if found.problems:
            raise ConfigError("\n".join(found.problems))
        templates = cls(places, base_url=base_url, time_zone=time_zone, warnings=found.warnings)
        templates.warnings += tuple(templates._trial(labels))
        return templates

    def __len__(self) -> int:
        """How many parts have a template."""
        return len(self._places)

    def origins(self, message: Message) -> Mapping[str, str]:
        """Which files the message's own parts come from, by the field they become."""
        return {field: str(template.filename) for field, template in self._own(message).items()}

    def render(self, message: Message) -> Message:
        """The message with the project's own texts. Raises Rejected when a template fails."""
        own = self._own(message)
        if not own:
            return message
        values = values_of(message, self._base_url, self._zone)
        try:
            texts = {field: _text(field, own[field], values) for field in own}
        except _Failed as failed:
            raise Rejected(f"the template {failed}") from failed.__cause__
        return msgspec.structs.replace(
            message, **{field: text for field, text in texts.items() if text.strip()}
        )

    def _own(self, message: Message) -> dict[str, Template]:
        if not self._places or message.event is not None:
            return {}
        address = message.address
        channel = address.channel if isinstance(address, Token) else "email"
        folders = list(_folders(message.locale, message.category))
        return {
            field: template
            for field in parts_of(channel).values()
            if (template := self._first(folders, channel, field)) is not None
        }

    def _first(self, folders: list[tuple[str, str]], channel: str, field: str) -> Template | None:
        for locale, category in folders:
            template = self._places.get(Place(locale, category, channel, field))
            if template is not None:
                return template
        return None

    def _trial(self, labels: Mapping[str, str]) -> Iterator[str]:
        """A line for each template that fails for a sample."""
        for place, template in self._places.items():
            told = set()
            for kind, message in self._samples(place, labels):
                try:
                    _text(place.field, template, values_of(message, self._base_url, self._zone))
                except _Failed as failed:
                    if str(failed) not in told:
                        yield f"{failed} (tried with {kind})"
                    told.add(str(failed))

    def _samples(self, place: Place, labels: Mapping[str, str]) -> Iterator[tuple[str, Message]]:
        known: dict[str, Any] = {
            "category": None if place.category == DEFAULT else place.category,
            "labels": labels,
            "locale": place.locale or None,
            "base_url": self._base_url,
        }
        yield "a notification", sample_messages.a_notification(place.channel, **known)
        bare = sample_messages.a_bare_notification(place.channel, category=known["category"])
        yield "a notification that has a title only", bare
        yield "a digest", sample_messages.a_digest(place.channel, **known)


class _Failed(Exception):
    """A template could not be rendered: `FILE:LINE: what happened`."""


def _folders(locale: str | None, category: str | None) -> Iterator[tuple[str, str]]:
    """Locale and category of each folder to look in, in order."""
    for name in (category, DEFAULT):
        if name is None:
            continue
        tag = as_locale(locale or "")
        while tag:
            yield tag, name
            tag = tag.rpartition("-")[0]
        yield "", name


def _text(field: str, template: Template, values: Mapping[str, Any]) -> str:
    try:
        text = template.render(values)
    except Exception as exc:  # whatever the project's own template may do
        where = _where(exc) or str(template.filename)
        raise _Failed(f"{where}: {_sentence(exc)}") from exc
    return one_line(text) if field == "title" else whole_lines(text)


def _where(exc: Exception) -> str | None:
    """File and line of the template, an included one maybe, that led to the failure."""
    found, step = None, exc.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if filename.endswith(ENDS):
            found = f"{filename}:{step.tb_lineno}"
        step = step.tb_next
    return found


def _sentence(exc: Exception) -> str:
    if isinstance(exc, TemplateError):
        return exc.message or type(exc).__name__
    return f"{type(exc).__name__}: {exc}"


def _compiled(found: Found) -> dict[Place, Template]:
    """Parse, check and compile; what is wrong goes to the findings."""
    sources = {source.name: source for source in found.sources}
    environment = _environment(sources)
    trees: dict[str, Tree] = {}
    for name, source in sources.items():
        try:
            trees[name] = environment.parse(source.text, name, str(source.path))
        except TemplateSyntaxError as exc:
            found.problems.append(f"{source.path}:{exc.lineno}: {exc.message}")
    if found.problems:
        return {}
    for name, tree in trees.items():
        path = sources[name].path
        remarks = template_checks.problems(name, tree, trees, environment)
        found.problems += [f"{path}:{one.line}: {one.sentence}" for one in remarks]
        doubts = template_checks.doubts(name, tree)
        found.warnings += [f"{path}:{one.line}: {one.sentence}" for one in doubts]
    if found.problems:
        return {}
    compiled = {name: environment.get_template(name) for name in sources}
    return {
        source.place: compiled[name] for name, source in sources.items() if source.place is not None
    }


def _with_breaks(text: str) -> Markup:
    """The filter `breaks`: escaped text that keeps its lines in HTML."""
    return Markup("<br>\n").join(text.split("\n"))


@pass_context
def _with_markup(context: Context, text: str) -> Markup:
    """The filter `markup`: escaped text that keeps its lines and shows its markup."""
    if _has_none(context, text):
        return _with_breaks(escape(text))
    return Markup(content_html(text, context["base_url"]))  # noqa: S704


@pass_context
def _without_markup(context: Context, text: str) -> str:
    """The filter `plain`: text without its markup."""
    return text if _has_none(context, text) else without_markup(text, context["base_url"])


def _has_none(context: Context, text: str) -> bool:
    """A digest's content is made of titles, where a star is a star."""
    return bool(context["items"]) and text == context["notification"].content


class _Sandbox(ImmutableSandboxedEnvironment):
    def getattr(self, obj: Any, attribute: str) -> Any:
        # Nearly every look-up; the long way, and it is safe to go round it, takes most of the time.
        if type(obj) is Notice and attribute in FIELDS:
            return getattr(obj, attribute)
        return super().getattr(obj, attribute)


def _environment(sources: Mapping[str, Source]) -> _Sandbox:
    """Sees these files only, and none of them again from the disk."""

    def load(name: str) -> tuple[str, str, None] | None:
        source = sources.get(name)
        return None if source is None else (source.text, str(source.path), None)

    environment = _Sandbox(
        loader=FunctionLoader(load),
        autoescape=lambda name: name is not None and name.endswith(".html"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=-1,
        auto_reload=False,
    )
    del environment.globals["lipsum"]
    environment.filters |= {
        "breaks": _with_breaks,
        "markup": _with_markup,
        "plain": _without_markup,
    }
    return environment
