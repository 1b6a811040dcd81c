"""Where one can go: the menu, and the keys that lead there (`g`, then the letter)."""

import msgspec

ROOT = "/dashboard"


class Place(msgspec.Struct, frozen=True):
    """One line of the menu."""

    key: str
    path: str
    label: str


class Section(msgspec.Struct, frozen=True):
    """Lines that belong together."""

    label: str
    places: tuple[Place, ...]


SECTIONS = (
    Section("Now", (Place("o", ROOT, "Overview"), Place("h", f"{ROOT}/channels", "Channels"))),
    Section(
        "Messages",
        (
            Place("b", f"{ROOT}/broadcasts", "Broadcasts"),
            Place("d", f"{ROOT}/deliveries", "Deliveries"),
        ),
    ),
    Section(
        "People",
        (
            Place("u", f"{ROOT}/users", "Users"),
            Place("s", f"{ROOT}/suppressions", "Suppressions"),
        ),
    ),
    Section(
        "Server",
        (
            Place("c", f"{ROOT}/categories", "Categories"),
            Place("r", f"{ROOT}/requests", "API requests"),
            Place("e", f"{ROOT}/health", "Health"),
        ),
    ),
)


def current(path: str) -> Place | None:
    """The line of the menu that a page belongs to: the longest that its path starts with."""
    found = [
        place
        for section in SECTIONS
        for place in section.places
        if path == place.path or (place.path != ROOT and path.startswith(f"{place.path}/"))
    ]
    return max(found, key=lambda place: len(place.path), default=None)
