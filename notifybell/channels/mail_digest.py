"""What the mail of a digest lists, for its HTML and its text alike: by category, then by topic.

Groups stand in the order of their newest item. At most 50 items are listed, the newest; the rest is
a number. A group's count is of all its items, listed or not.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from notifybell.channels.action_link import absolute_link
from notifybell.channels.plain_text import one_line
from notifybell.domain.model import DigestItem

MOST_LINES = 50


class Line(msgspec.Struct, frozen=True):
    """One notification."""

    title: str
    link: str | None


class Topic(msgspec.Struct, frozen=True):
    """What is about one thing."""

    name: str
    #: "" for what has no topic
    lines: list[Line]


class Group(msgspec.Struct, frozen=True):
    """What is of one category."""

    label: str
    #: "" when there is only one group and it has no category
    count: int
    topics: list[Topic]


class Listing(msgspec.Struct, frozen=True):
    """A digest, ready to be drawn."""

    groups: list[Group]
    more: int
    #: how many are not listed


def listing(
    items: Sequence[DigestItem], labels: Mapping[str, str], base_url: str, other: str
) -> Listing:
    """Group `items`, newest first. `labels` are the categories' names for people, `other` heads
    what has no category.
    """
    counts = Counter(item.category for item in items)
    found: dict[str | None, dict[str | None, list[Line]]] = {}
    for item in items[:MOST_LINES]:
        line = Line(one_line(item.title), absolute_link(item.action_url, base_url))
        found.setdefault(item.category, {}).setdefault(item.topic, []).append(line)
    groups = [
        Group(
            "" if counts.keys() == {None} else _label(category, labels, other),
            counts[category],
            # What has no topic comes first, or it would seem to be of the one before.
            [
                Topic(one_line(name or ""), topics[name])
                for name in sorted(topics, key=lambda name: name is not None)
            ],
        )
        for category, topics in found.items()
    ]
    return Listing(groups, max(0, len(items) - MOST_LINES))


def _label(category: str | None, labels: Mapping[str, str], other: str) -> str:
    if category is None:
        return other
    return one_line(labels.get(category) or category)


def as_text(listed: Listing, more: str) -> str:
    """The listing for readers of plain text; `more` says how many {count} are not listed."""
    blocks = [block for group in listed.groups for block in _blocks(group)]
    if listed.more:
        blocks.append(more.format(count=listed.more))
    return "\n\n".join(blocks)


def _blocks(group: Group) -> Iterator[str]:
    if group.label:
        heading = f"{group.label} ({group.count})"
        yield f"{heading}\n{'-' * len(heading)}"
    for topic in group.topics:
        lines = [f"{topic.name}:"] if topic.name else []
        for line in topic.lines:
            lines.append(f"* {line.title}")
            lines += [f"  {line.link}"] if line.link else []
        yield "\n".join(lines)
