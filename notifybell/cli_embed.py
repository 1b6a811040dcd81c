"""The command that prints the tags for a page, and writes copies for sites that serve them."""

from pathlib import Path
from urllib.parse import quote

import click

from notifybell.api.widget import copied_files, widget
from notifybell.cli_options import config_option, load
from notifybell.domain.errors import NotifyBellError

_ENTRIES = {"bell": "notifybell.js", "all": "notifybell-all.js"}
_TAG = """\
<script type="module" src="{src}"
  integrity="{integrity}" crossorigin="anonymous"></script>
<notify-bell token="USER_TOKEN"{server}></notify-bell>"""


@click.command()
@click.argument("what", metavar="[bell|all]", type=click.Choice(list(_ENTRIES)), default="bell")
@config_option
@click.option(
    "--copy-to", "folder", metavar="FOLDER", type=click.Path(path_type=Path, file_okay=False),
    help="Write the widget's files there, for a site that serves them itself.",
)  # fmt: skip
def embed(what: str, config_path: str | None, folder: Path | None) -> None:
    """Print the tags that put the bell on a page.

    `bell` is the bell alone, `all` has every element. The tags name the script's exact version and
    its integrity: after an upgrade of the server, print them again.

    \b
    Example: notifybell embed all
    Example: notifybell embed --copy-to static/notifybell
    """
    name, url = _ENTRIES[what], load(config_path).server.public_url.rstrip("/")
    if folder:
        _copy(folder)
    src = f"{_served_at(folder)}/{name}" if folder else f"{url}{widget().folder}/{name}"
    server = f' server-url="{url}"' if folder else ""
    click.echo(_TAG.format(src=src, integrity=widget().integrity(name), server=server))
    if folder:
        click.echo(f"src is a guess: it must say where your site serves {folder}", err=True)


def _served_at(folder: Path) -> str:
    """Where most sites serve it: under its own name, from their root."""
    is_below = not folder.is_absolute() and ".." not in folder.parts
    parts = folder.parts if is_below else (folder.name,)
    return "".join(f"/{quote(part)}" for part in parts)


def _copy(folder: Path) -> None:
    try:
        (folder / "lang").mkdir(parents=True, exist_ok=True)
        for name, text in copied_files().items():
            (folder / name).write_text(text, "utf-8", newline="\n")
    except OSError as exc:
        raise NotifyBellError(f"{exc.filename}: {exc.strerror}") from exc
