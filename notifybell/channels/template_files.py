"""The project's own templates as files: `FOLDER/[LOCALE/]CATEGORY/CHANNEL.PART`.

| channel       | part        | becomes                             |
| ------------- | ----------- | ----------------------------------- |
| `email`       | subject.txt | the subject                         |
| `email`       | txt         | the text part of the mail           |
| `email`       | html        | the HTML part of the mail           |
| every other   | title.txt   | the title                           |
| every other   | txt         | the content                         |

`CATEGORY` is a category's key (with a "/" in it: a folder in a folder) or `_default`. A file whose
name starts with "_" is for the others to extend and include. What else lies there is told of.
"""

import re
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

import msgspec

from notifybell.domain.near import no_such

DEFAULT = "_default"
ENDS = (".html", ".txt")
_EMAIL_PARTS = {"subject.txt": "title", "txt": "text", "html": "html"}
_OTHER_PARTS = {"title.txt": "title", "txt": "content"}
_LOCALE = re.compile(r"[a-z]{2,3}([-_][a-z0-9]{2,8})*", re.IGNORECASE)
_TEXTLESS = {
    "in_app": "the bell shows what was sent, so in_app has no templates",
    "webhook": "a webhook tells of events, so webhook has no templates",
}


class Place(msgspec.Struct, frozen=True):
    """What a template is for."""

    locale: str
    #: as `as_locale` writes it; "" for every language
    category: str
    channel: str
    field: str
    #: of a Message


class Source(msgspec.Struct, frozen=True):
    """One file."""

    name: str
    #: relative to the folder, with "/"
    path: Path
    text: str
    place: Place | None
    #: None: for others to include


class Found(msgspec.Struct):
    """What a folder holds, and what is wrong with it, a line each."""

    sources: list[Source] = []
    problems: list[str] = []
    warnings: list[str] = []


def parts_of(channel: str) -> dict[str, str]:
    """How a channel's files end, and which field of a Message each becomes."""
    return _EMAIL_PARTS if channel == "email" else _OTHER_PARTS


def as_locale(text: str) -> str:
    """`pt_BR` and `PT-br` are the same language."""
    return text.lower().replace("_", "-")


def find(folder: Path, categories: Collection[str], channels: Collection[str]) -> Found:
    """Read every template below the folder."""
    found = Found()
    if not folder.is_dir():
        found.problems.append(f"templates.folder: there is no folder {folder}")
        return found
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if _is_meant(name) and path.is_file():
            _read(found, path, name, categories, channels)
    found.problems += _twins(found.sources)
    found.warnings += _strange_categories(folder, found.sources, categories)
    return found


def _is_meant(name: Path) -> bool:
    """Not what version control, file managers and editors leave behind."""
    return not any(part.startswith(".") or part.endswith("~") for part in name.parts)


def _read(
    found: Found, path: Path, name: Path, categories: Collection[str], channels: Collection[str]
) -> None:
    place = None if _is_shared(name) else _place(name, categories, channels)
    if isinstance(place, str):
        found.warnings.append(f"{path}: {place}")
        return
    try:
        text = path.read_text("utf-8")
    except OSError as exc:
        found.problems.append(f"{path}: cannot be read: {exc.strerror}")
    except UnicodeDecodeError:
        found.problems.append(f"{path}: is not text (UTF-8)")
    else:
        found.sources.append(Source(name.as_posix(), path, text, place))


def _is_shared(name: Path) -> bool:
    return name.name.startswith("_") and name.suffix in ENDS


def _place(name: Path, categories: Collection[str], channels: Collection[str]) -> Place | str:
    """What the file is for, or a sentence why it is for nothing."""
    channel, _, end = name.name.partition(".")
    if channel in _TEXTLESS:
        return _TEXTLESS[channel]
    if channel not in channels:
        return f"{no_such(f'channel as {channel}', channel, channels)} (not used)"
    parts = parts_of(channel)
    if end not in parts:
        allowed = ", ".join(f"{channel}.{part}" for part in parts)
        return f"not used; a template of {channel} is called {allowed}"
    folders = name.parts[:-1]
    if not folders:
        return f"not used; it belongs in the folder of a category, or in {DEFAULT}"
    locale, category = _locale_and_category(folders, categories)
    return Place(locale, category, channel, parts[end])


def _locale_and_category(folders: tuple[str, ...], categories: Collection[str]) -> tuple[str, str]:
    whole = "/".join(folders)
    if whole in categories or len(folders) == 1 or not _LOCALE.fullmatch(folders[0]):
        return "", whole
    return as_locale(folders[0]), "/".join(folders[1:])


def _twins(sources: Iterable[Source]) -> Iterator[str]:
    first: dict[Place, Source] = {}
    for source in sources:
        if source.place is not None and first.setdefault(source.place, source) is not source:
            yield f"{source.path}: is for the same as {first[source.place].path}"


def _strange_categories(
    folder: Path, sources: Iterable[Source], categories: Collection[str]
) -> Iterator[str]:
    """A line for each folder that stands for no declared category."""
    known = [*categories, DEFAULT]
    strange = {
        folder / Path(source.name).parent: source.place.category
        for source in sources
        if source.place is not None and source.place.category not in known
    }
    for path, category in strange.items():
        yield f"{path}: {no_such(f'category as {category} in the configuration', category, known)}"
