"""Bars over time: the geometry of an SVG, and the numbers behind it.

Written here rather than taken: the libraries that draw SVG on a server are not kept up, or bring an
XML stack, and their inline styles and scripts are what our policy forbids. The drawing stretches to
its place; its labels are text of the page, so that they keep their size on a phone.
"""

from collections.abc import Mapping, Sequence

import msgspec

WIDTH, HEIGHT = 1000, 200
_GAP = 0.25
_LEAST_BAR = 1.5


class Kind(msgspec.Struct, frozen=True):
    """What a colour stands for; `name` is its class in the style sheet."""

    name: str
    label: str


class Column(msgspec.Struct, frozen=True):
    """One moment: its name in full, its short one below the plot, and its numbers by kind."""

    name: str
    tick: str
    #: "" where none stands
    counts: Mapping[str, int]


class Bar(msgspec.Struct, frozen=True):
    """A rectangle."""

    kind: str
    x: float
    y: float
    width: float
    height: float


class Tick(msgspec.Struct, frozen=True):
    """A label below the middle of its column."""

    x: float
    #: of 100
    label: str


class Plot(msgspec.Struct, frozen=True, kw_only=True):
    """What `ui.plot` draws."""

    id: str
    title: str
    description: str
    kinds: Sequence[Kind]
    columns: Sequence[Column]
    bars: Sequence[Bar]
    scale: Sequence[int]
    #: labels of the lines, from the top
    ticks: Sequence[Tick]


def stacked(id: str, title: str, kinds: Sequence[Kind], columns: Sequence[Column]) -> Plot:
    """Bars of several colours, one upon the other."""
    totals = [sum(column.counts.values()) for column in columns]
    top = round_up(max(totals, default=0))
    step = WIDTH / max(1, len(columns))
    bars = [
        bar
        for number, column in enumerate(columns)
        for bar in _stack(column, kinds, x=(number + _GAP / 2) * step, step=step, top=top)
    ]
    return Plot(
        id=id,
        title=title,
        description=_describe(kinds, columns),
        kinds=kinds,
        columns=columns,
        bars=bars,
        scale=(top, top // 2, 0),
        ticks=[
            Tick(round((number + 0.5) * step / WIDTH * 100, 2), column.tick)
            for number, column in enumerate(columns)
            if column.tick
        ],
    )


def round_up(count: int) -> int:
    """The smallest of 2, 4, 10, 20, 40, 100 … that is not less: half of it is whole."""
    unit = 1
    while True:
        for factor in (2, 4, 10):
            if count <= factor * unit:
                return factor * unit
        unit *= 10


def _stack(column: Column, kinds: Sequence[Kind], *, x: float, step: float, top: int) -> list[Bar]:
    bars: list[Bar] = []
    bottom = float(HEIGHT)
    for kind in kinds:
        count = column.counts.get(kind.name, 0)
        if count:
            height = max(_LEAST_BAR, count / top * HEIGHT)  # one failure can be seen
            bottom -= height
            width = round(step * (1 - _GAP), 2)
            bars.append(Bar(kind.name, round(x, 2), round(bottom, 2), width, round(height, 2)))
    return bars


def _describe(kinds: Sequence[Kind], columns: Sequence[Column]) -> str:
    """The sums, for who does not see it."""
    sums = [
        f"{sum(column.counts.get(kind.name, 0) for column in columns):,} {kind.label.lower()}"
        for kind in kinds
    ]
    if not columns:
        return "Nothing yet."
    return f"From {columns[0].name} to {columns[-1].name}: {', '.join(sums)}."
