"""What of a page can be seen and hit: where the focus is, how it shows, how large things are.

Rings, contrast and sizes are those that WCAG 2.2 counts.
"""

from dataclasses import dataclass
from typing import Any

from playwright.async_api import Page

#: Shared by the scripts below: into shadow roots and out of them, and colours as four numbers.
_COMMON = """
const parentOf = (element) =>
  element.assignedSlot ?? element.parentElement ?? element.getRootNode().host;
const inside = (element, outer) => {
  for (let at = element; at; at = parentOf(at)) if (at === outer) return true;
  return false;
};
const deepest = ({ activeElement: at }) => at?.shadowRoot ? deepest(at.shadowRoot) : at;
const under = (x, y, root = document) => {
  const found = root.elementFromPoint(x, y);
  const inner = found?.shadowRoot;
  return inner && inner !== root ? under(x, y, inner) ?? found : found;
};
const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
const rgba = (colour) => {
  pen.clearRect(0, 0, 1, 1); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);
  const [r, g, b, a] = pen.getImageData(0, 0, 1, 1).data;
  return [r, g, b, a / 255];
};
const paper = (element) => {
  const sheets = [];
  for (let at = element; at; at = parentOf(at)) {
    const colour = rgba(getComputedStyle(at).backgroundColor);
    sheets.push(colour);
    if (colour[3] === 1) break;
  }
  return sheets.reverse().reduce((below, [r, g, b, a]) =>
    [r, g, b].map((value, i) => value * a + below[i] * (1 - a)), [255, 255, 255]);
};
const light = (colour) => {
  const [r, g, b] = colour.map((v) => v / 255)
    .map((v) => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b;
};
const contrast = (one, other) => {
  const [dark, bright] = [light(one), light(other)].sort((a, b) => a - b);
  return (bright + .05) / (dark + .05);
};
const nameOf = (element) =>
  element.getAttribute("aria-label") ?? (element.labels?.[0] ?? element).textContent.trim();
const shadows = () =>
  [...document.querySelectorAll("*")].flatMap(({ shadowRoot }) => shadowRoot ?? []);
const isSeen = (element) => element.checkVisibility({ visibilityProperty: true });
// What the pointer hits: a title is as large as its row, a box in a label as its label.
const target = (element) => element.matches(".row > .title") ? element.closest(".row")
  : element.matches(".toast > .title") ? element.closest(".toast")
  : element.matches("label input[type=checkbox]") ? element.closest("label") : element;
"""

_FOCUS = (
    "() => {"
    + _COMMON
    + """
  const at = deepest(document);
  if (!at || at === document.body) return null;
  const ring = ["", "::after"].map((pseudo) => getComputedStyle(at, pseudo))
    .find(({ outlineStyle }) => !["none", "auto"].includes(outlineStyle));
  const box = target(at).getBoundingClientRect();
  const hit = under(box.x + box.width / 2, box.y + box.height / 2);
  const behind = parseFloat(ring?.outlineOffset) < 0 ? at : parentOf(at);
  return {
    name: nameOf(at), tag: at.localName, classes: at.className,
    width: ring ? parseFloat(ring.outlineWidth) : 0,
    contrast: ring ? contrast(rgba(ring.outlineColor), paper(behind)) : 0,
    hidden: !hit || !inside(hit, target(at)),
  };
}"""
)

_SMALL = (
    "(least) => {"
    + _COMMON
    + """
  const which = "button, a, input, select, [tabindex='0']";
  const controls = shadows().flatMap((root) => [...root.querySelectorAll(which)]);
  return controls.filter(isSeen).map((control) => {
    const { width, height } = target(control).getBoundingClientRect();
    return { name: nameOf(control), width, height };
  }).filter(({ width, height }) => Math.min(width, height) < least - 0.01)
    .map(({ name, width, height }) => `${name}: ${width.toFixed(1)} x ${height.toFixed(1)}`);
}"""
)

_CUT = (
    "() => {"
    + _COMMON
    + """
  const all = [document, ...shadows()].flatMap((root) => [...root.querySelectorAll("*")]);
  return all.filter((element) => {
    // The tabs scroll sideways in a strip of their own; a head of a table may be for ears only.
    if (!isSeen(element) || element.closest("svg, .status, thead, .tabs")) return false;
    const isEmpty = !element.childElementCount && !element.textContent;
    if (isEmpty && !element.matches("input, select")) return false;
    const box = element.getBoundingClientRect();
    return box.width && (box.left < -0.5 || box.right > innerWidth + 0.5);
  }).map(({ localName, className }) => `${localName}.${className}`);
}"""
)

#: Pseudo-elements included.
_MOVING = (
    "() => {"
    + _COMMON
    + """
  const all = shadows().flatMap((root) => [...root.querySelectorAll("*")]);
  const moves = ({ animationName, transitionDuration }) =>
    animationName !== "none" || /[1-9]/.test(transitionDuration);
  const parts = ["", "::before", "::after", "::backdrop"];
  return all.filter((at) => parts.some((part) => moves(getComputedStyle(at, part))))
    .map(({ classList }) => classList[0]);
}"""
)

#: As WCAG 1.4.12 has it.
_SPACED = (
    "() => {"
    + _COMMON
    + """
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: .12em !important;
    word-spacing: .16em !important } p { margin-block-end: 2em !important }`);
  for (const root of [document, ...shadows()]) root.adoptedStyleSheets.push(sheet);
}"""
)


@dataclass(frozen=True)
class Focus:
    """What has it, and its ring: the width in px and the contrast to what is behind."""

    name: str
    tag: str
    classes: str
    width: float
    contrast: float
    hidden: bool

    @property
    def is_plain(self) -> bool:
        """WCAG 2.4.7, 2.4.11 and 1.4.11, and as wide as 2.4.13 asks."""
        return self.width >= 2 and self.contrast >= 3 and not self.hidden


async def focus(page: Page) -> Focus | None:
    """None: nothing in the page has it."""
    found: dict[str, Any] | None = await page.evaluate(_FOCUS)
    return Focus(**found) if found else None


async def tour(page: Page, key: str = "Tab", most: int = 80) -> list[Focus]:
    """All that a key leads to, until it leaves the page."""
    visited: list[Focus] = []
    for _ in range(most):
        await page.keyboard.press(key)
        found = await focus(page)
        # Past the end, the browser's own buttons may come next, or the page from its start.
        if found is None or (len(visited) > 1 and found == visited[0]):
            return visited
        visited.append(found)
    raise AssertionError(f"a trap: {[one.name for one in visited[-8:]]}")


async def too_small(page: Page, least: int = 24) -> list[str]:
    """Controls that a finger may miss (WCAG 2.5.8), with their size in CSS pixels."""
    found: list[str] = await page.evaluate(_SMALL, least)
    return found


async def cut_off(page: Page) -> list[str]:
    """What reaches out of the view sideways, where nobody can scroll to it."""
    # A new size of the window is told to the page with its next frame.
    await page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done)))")
    found: list[str] = await page.evaluate(_CUT)
    return found


async def moving(page: Page) -> list[str]:
    """What has an animation or a transition in its style, whether or not it runs just now."""
    found: list[str] = await page.evaluate(_MOVING)
    return found


async def set_wider(page: Page) -> None:
    """The text, as its readers may."""
    await page.evaluate(_SPACED)
