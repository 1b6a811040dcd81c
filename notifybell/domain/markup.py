r"""The little markup that content may have, and what is left of it in plain text and in HTML.

| written                        | means                                              |
| ------------------------------ | -------------------------------------------------- |
| `**bold**`                     | bold                                               |
| `*italic*` or `_italic_`       | italic                                             |
| `` `code` ``                   | code, on one line; what is in it stays as it is    |
| `[words](https://example.com)` | a link, to an http(s) URL or a path: `(/orders/1)` |
| `https://example.com`          | a link                                             |
| `\*`                           | the character alone                                |

`web/markup.js` reads the same; both are held to one table of cases, `tests/web/markup-cases.json`.
Stars and underscores count at the edges of words only, nothing reaches over an empty line, and
whatever is not markup is text. Marks that force a direction upon letters are left out, as they
let one word read as another. Takes time in proportion to the length of the text.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape

import msgspec

_SPACE = "\t\n\x0b\x0c\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
_NOT_BLANK = re.compile(f"[^{_SPACE}]")
_SPACES = re.compile(f"[{_SPACE}]")

# No spaces, controls, quotes, brackets, or marks that turn the direction of writing. A bare URL
# ends at Chinese and Japanese as well, which have no spaces to end it.
_TARGET = r'[^\x00-\x20"()<>\\`\x7f-\xa0\u061c\u1680\u2000-\u206f\u3000\ufeff]'
_BARE = r'[^\x00-\x20"()*<>\[\\\]`\x7f-\xbf\u061c\u1680\u2000-\u206f\u2e80-\U0010ffff]'

_TOKEN = re.compile(
    r"\\(?P<escaped>[!-/:-@\[-`{-~])"
    r"|`(?P<code>[^`\n]+)`(?!`)"
    rf"|(?P<url>https?://{_BARE}*(?:\({_BARE}*\){_BARE}*)*)"
    rf"|\]\((?P<target>{_TARGET}*(?:\({_TARGET}*\){_TARGET}*)*)\)"
    r"|\*+|_+|`+|[\[\]]",
    re.ASCII | re.IGNORECASE,
)
# A host without a name or a password before it, which would pass for the host; or a path that
# stays on the site.
_LINK = re.compile(
    r"https?://[a-z0-9\u00c0-\U0010ffff][-_.a-z0-9\u00c0-\U0010ffff]*(?::[0-9]{1,5})?(?:[/?#].*)?"
    r"|/(?!/).*",
    re.ASCII | re.IGNORECASE,
)
_FORCED = re.compile("[\u202a-\u202e]")
_ISOLATES = re.compile("[\u2066-\u2069]")
_ISOLATED = re.compile("[\u2066-\u2068]")
_AFTER_A_URL = ".,;:!?'~\u060c\u061b\u061f"
_MARKERS = {"*": ("**", "*"), "_": ("_",)}
_TAGS = {"**": "strong", "*": "em", "_": "em"}


class Element(msgspec.Struct, frozen=True):
    """A part with a meaning: `strong`, `em`, `code`, or `a` with its address."""

    tag: str
    children: "Sequence[Node]"
    href: str | None = None


Node = str | Element
Resolve = Callable[[str], str | None]
"""From an address as it is written to one that works where the text is shown; None: to none."""


class _Start(msgspec.Struct, frozen=True):
    tag: str
    href: str | None = None


_END = object()


def parse(text: str) -> Sequence[Node]:
    """The text as a tree, no deeper than one of each."""
    reading, at = _Reading(text), 0
    while match := _TOKEN.search(text, at):
        reading.add(text[at : match.start()])
        at = reading.take(match)
    reading.add(text[at:])
    return _tree(reading.parts)


def as_text(text: str, resolve: Resolve = lambda href: href) -> str:
    """Without its markup; a link becomes `words (address)`."""
    return "".join(_texts(parse(text), resolve))


def as_html(text: str, resolve: Resolve = lambda href: href, link_attributes: str = "") -> str:
    """As safe HTML on one line with its newlines. `link_attributes` go in as they are."""
    return "".join(_tags(parse(text), resolve, link_attributes))


def is_link(url: str) -> bool:
    """Whether an address may be followed: http(s), or a path on the same site."""
    return _LINK.fullmatch(url) is not None


def undirected(text: str) -> str:
    """Without the marks that force a direction; isolates stay where each is closed."""
    plain = _FORCED.sub("", text)
    is_closed = len(_ISOLATED.findall(plain)) == plain.count("\u2069")
    return plain if is_closed else _ISOLATES.sub("", plain)


class _Reading:
    """What is read so far: text, starts and ends. A marker is text until its partner is found."""

    def __init__(self, text: str) -> None:
        self.parts: list[object] = []
        self._text = text
        self._open: dict[str, int] = {}
        #: where the last one of each marker is among the parts
        self._label_at = 0

    def add(self, text: str) -> None:
        if "\n\n" in text:
            self._open.clear()
        if text:
            self.parts.append(text)

    def take(self, match: re.Match[str]) -> int:
        """Take one token in; where to read on."""
        written, end = match[0], match.end()
        if match["escaped"]:
            self.add(match["escaped"])
        elif match["code"]:
            self.parts += (_Start("code"), match["code"], _END)
        elif match["url"]:
            return self._take_url(match.start(), written)
        elif match["target"] is not None:
            self._end_link(match.start(), written, match["target"])
        elif written[0] in _MARKERS:
            self._take_run(match.start(), written)
        else:
            self._take_bracket(written, end)
        return end

    def _take_bracket(self, written: str, end: int) -> None:
        self._open.pop("[", None)
        if written == "[":
            self._open["["], self._label_at = len(self.parts), end
        self.parts.append(written)

    def _take_url(self, start: int, written: str) -> int:
        url = written.rstrip(_AFTER_A_URL + ("_" if "_" in self._open else ""))
        if self._is_word(start - 1) or not is_link(url):
            self.add(written)
            return start + len(written)
        # A link in a link's words would hide where that one leads.
        self._open.pop("[", None)
        self.parts += (_Start("a", url), url, _END)
        return start + len(url)

    def _end_link(self, start: int, written: str, target: str) -> None:
        opened = self._open.pop("[", None)
        label = self._text[self._label_at : start]
        if opened is None or not _NOT_BLANK.search(label) or not is_link(target):
            self.add(written)
        else:
            self._close(opened, _Start("a", target))

    def _take_run(self, start: int, run: str) -> None:
        """As many ends as there is something to end, else starts."""
        kinds, rest = _MARKERS[run[0]], run
        before, after = start - 1, start + len(run)
        if not self._is_space(before) and not self._is_word(after):
            while marker := self._innermost(kinds, len(rest)):
                self._close(self._open.pop(marker), _Start(_TAGS[marker]))
                rest = rest[len(marker) :]
        is_start = not self._is_space(after) and not self._is_word(before)
        if rest == run and is_start and len(run) <= sum(map(len, kinds)):
            for marker in kinds:
                if len(marker) <= len(rest):
                    self._open[marker] = len(self.parts)
                    self.parts.append(marker)
                    rest = rest[len(marker) :]
        self.add(rest)

    def _innermost(self, kinds: Sequence[str], room: int) -> str | None:
        """The marker that was opened last, has something in it, and is not too long."""
        fitting = [
            marker
            for marker in kinds
            if len(marker) <= room and self._open.get(marker, len(self.parts)) < len(self.parts) - 1
        ]
        return max(fitting, key=self._open.__getitem__, default=None)

    def _close(self, opened: int, start: _Start) -> None:
        self.parts[opened] = start
        self.parts.append(_END)
        # What began inside cannot end outside.
        self._open = {marker: at for marker, at in self._open.items() if at < opened}

    def _is_space(self, at: int) -> bool:
        inside = 0 <= at < len(self._text)
        return not inside or _SPACES.match(self._text[at]) is not None

    def _is_word(self, at: int) -> bool:
        """A letter or digit of a script that puts spaces between its words."""
        if not 0 <= at < len(self._text):
            return False
        letter = self._text[at]
        return letter.isalnum() and (letter < "\u0e00" or "\u1e00" <= letter < "\u2000")


def _tree(parts: Sequence[object]) -> Sequence[Node]:
    root: list[Node] = []
    stack = [root]
    for part in parts:
        here = stack[-1]
        if isinstance(part, _Start):
            children: list[Node] = []
            here.append(Element(part.tag, children, part.href))
            stack.append(children)
        elif part is _END:
            stack.pop()
        elif isinstance(part, str):
            here.append(part)
    return root


def _texts(nodes: Sequence[Node], resolve: Resolve) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield undirected(node)
            continue
        words = "".join(_texts(node.children, resolve))
        url = resolve(node.href) if node.href else None
        yield words if url is None or words == node.href else f"{words} ({url})"


def _tags(nodes: Sequence[Node], resolve: Resolve, link_attributes: str) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, str):
            yield escape(undirected(node))
            continue
        inner = "".join(_tags(node.children, resolve, link_attributes))
        url = resolve(node.href) if node.href else None
        if url is not None:
            yield f'<a{link_attributes} href="{escape(url)}">{inner}</a>'
        else:
            yield inner if node.tag == "a" else f"<{node.tag}>{inner}</{node.tag}>"
