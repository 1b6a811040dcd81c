"""The command that shows what a message will look like: ours, or the project's own templates."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import click

from notifybell.channels import sample_messages
from notifybell.channels.base import Message
from notifybell.channels.mail_message import looks, parse_from
from notifybell.channels.template_files import DEFAULT, parts_of
from notifybell.channels.templates import Templates
from notifybell.cli_options import OK, config_option, load
from notifybell.config import Config, policy
from notifybell.domain.errors import NotifyBellError
from notifybell.domain.near import no_such

_NOBODY = "App <no-reply@example.com>"


@click.command()
@click.argument("category", metavar="CATEGORY")
@click.argument("channel", metavar="CHANNEL")
@config_option
@click.option("--locale", metavar="TAG", help="The reader's language, such as de or pt-BR.")
@click.option("--digest", is_flag=True, help="Four notifications in one message.")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write files there instead.",
)
def preview(
    config_path: str | None,
    category: str,
    channel: str,
    locale: str | None,
    digest: bool,
    out: Path | None,
) -> int:
    """Show what a message would look like.

    A made-up one of CATEGORY, a category's key or _default for what has none, on CHANNEL, such as
    email. Sends nothing.

    \b
    Example: notifybell preview orders email --locale de --out preview
    """
    loaded = load(config_path)
    _check_names(loaded, category, channel)
    templates = Templates.of(loaded)
    message = _sample(loaded, category, channel, locale, digest)
    origins = templates.origins(message)
    parts = _parts(loaded, channel, templates.render(message))
    if out is None:
        click.echo("\n".join(_printed(parts, origins, channel)))
    else:
        for path in _write(out, channel, parts):
            click.echo(path)
    return OK


def _check_names(loaded: Config, category: str, channel: str) -> None:
    """Raises UsageError for a channel that has no texts; an unknown category is only told."""
    channels = [kind.name for kind in loaded.kinds if kind.name != "webhook"]
    if channel not in channels:
        raise click.BadParameter(no_such("channel with texts", channel, channels))
    categories = [*loaded.categories, DEFAULT]
    if category not in categories:
        known = no_such("category in the configuration", category, categories)
        click.echo(f"note: {known}", err=True)


def _sample(
    loaded: Config, category: str, channel: str, locale: str | None, is_digest: bool
) -> Message:
    make = sample_messages.a_digest if is_digest else sample_messages.a_notification
    return make(
        channel,
        category=None if category == DEFAULT else category,
        labels={key: one.label for key, one in policy(loaded).categories.items()},
        locale=locale or loaded.defaults.locale or None,
        base_url=loaded.server.public_url,
    )


def _parts(loaded: Config, channel: str, message: Message) -> Mapping[str, str]:
    """What is seen, by how the template of it would be called."""
    if channel == "email":
        sender = parse_from(loaded.email.from_ if loaded.email else _NOBODY)
        look = looks(message, sender.name, loaded.server.public_url)
        shown = {"title": look.subject, "text": look.text, "html": look.html}
    else:
        shown = {"title": message.title, "content": message.content or ""}
    return {end: shown[field].rstrip("\n") for end, field in parts_of(channel).items()}


def _printed(parts: Mapping[str, str], origins: Mapping[str, str], channel: str) -> Iterator[str]:
    fields = parts_of(channel)
    for end, text in parts.items():
        yield f"--- {channel}.{end} ({origins.get(fields[end], 'built-in')})"
        yield text


def _write(folder: Path, channel: str, parts: Mapping[str, str]) -> Iterator[Path]:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for end, text in parts.items():
            path = folder / f"{channel}.{end}"
            path.write_text(f"{text}\n", "utf-8")
            yield path
    except OSError as exc:
        raise NotifyBellError(f"--out: {exc.filename} cannot be written: {exc.strerror}") from exc
