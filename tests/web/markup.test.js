import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseMarkup } from "../../web/markup.js";
import { html } from "./markup-html.js";

const LONG = 100_000;
const WITHIN_MS = 500;
const cases = JSON.parse(readFileSync(new URL("markup-cases.json", import.meta.url), "utf8"));

for (const { text, html: expected } of cases) {
  test(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, () => {
    assert.equal(html(text), expected);
  });
}

const HOSTILE = [
  ...["*", "**", "_", "`", "[", "]", "](", "](/", "\\", "*a ", " *a", "_a ", "**a *b ", "a* ", "[a", "[a](", "`a"],
  ...["https://", "xhttps://", "https://a", "https://a.", "https://a(", "https://a()", "](/(", "](/()", "[a](//b)"],
  ...["[a](/b)", "*a*", "***", "https://_", "_https://a_", "(https://,", "`a``", "\n\n*a", "[ ", "[https://a]("],
];
for (const unit of HOSTILE) {
  test(`${JSON.stringify(unit)} over and over is read at once`, () => {
    const text = unit.repeat(Math.ceil(LONG / unit.length));
    const start = performance.now();
    parseMarkup(text);
    const took = performance.now() - start;
    assert.ok(took < WITHIN_MS, `${took} ms`);
  });
}

test("one long run and then its end is read at once, too", () => {
  for (const [start, end] of [["https://a/", "("], ["[a](/", ""], ["https://a", "."], ["`", ""], ["*", " a*"]]) {
    const before = performance.now();
    parseMarkup(start + "x".repeat(LONG) + end.repeat(LONG));
    assert.ok(performance.now() - before < WITHIN_MS);
  }
});

test("a tree is never deeper than one of each", () => {
  const depth = (nodes) => Math.max(0, ...nodes.map((node) => (node.children ? 1 + depth(node.children) : 0)));
  const pieces = "[**a *b _c `d`_* e](/f)** ".repeat(50) + "**a *b _c [d **e *f _g_*** ".repeat(50);
  assert.ok(depth(parseMarkup(pieces)) <= 5);
});

test("no text is lost or made up", () => {
  const words = (nodes) => nodes.map((node) => node.children ? words(node.children) : node).join("");
  for (const { text, html: expected } of cases) {
    if (!expected.includes("<") && !/[\\\u202a-\u202e\u2066-\u2069]/.test(text)) assert.equal(words(parseMarkup(text)), text);
  }
});
