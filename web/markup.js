/**
 * The little markup that content may have: bold, italic, code and links. Pure.
 *
 * The same as `notifybell/domain/markup.py`, where the rules are written down; both are held to
 * `tests/web/markup-cases.json`. What is not markup is text; the time taken grows as the text does.
 *
 * @typedef {{ tag: "strong" | "em" | "code" | "a", href?: string, children: MarkupNode[] }} MarkupElement
 * @typedef {string | MarkupElement} MarkupNode
 */

const TARGET = '[^\\x00-\\x20"()<>\\\\\\x60\\x7f-\\xa0\\u061c\\u1680\\u2000-\\u206f\\u3000\\ufeff]*';
const BARE = '[^\\x00-\\x20"()*<>[\\\\\\]\\x60\\x7f-\\xbf\\u061c\\u1680\\u2000-\\u206f\\u2e80-\\uffff]*';
const TOKEN = new RegExp(
  "\\\\([!-/:-@[-\\x60{-~])|\\x60([^\\x60\\n]+)\\x60(?!\\x60)" +
    `|(https?://${BARE}(?:\\(${BARE}\\)${BARE})*)|\\]\\((${TARGET}(?:\\(${TARGET}\\)${TARGET})*)\\)` +
    "|\\*+|_+|\\x60+|[[\\]]",
  "gi",
);
const LINK = /^(?:https?:\/\/[a-z0-9\u00c0-\uffff][-_.a-z0-9\u00c0-\uffff]*(?::[0-9]{1,5})?(?:[/?#].*)?|\/(?!\/).*)$/i;
const BLANK = /^[\t-\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*$/;
const WORD = /^[\p{L}\p{N}]/u;
/** Scripts that put spaces between their words. */
const SPACED = /^[\0-\u0dff\u1e00-\u1fff]/;
const AFTER_A_URL = ".,;:!?'~\u060c\u061b\u061f";

/** @type {Record<string, string[]>} */
const MARKERS = { "*": ["**", "*"], _: ["_"] };

/** @param {string} char */
const isWord = (char) => SPACED.test(char) && WORD.test(char);

/**
 * The text as a tree, no deeper than one of each.
 *
 * @param {string} text
 * @returns {MarkupNode[]}
 */
export function parseMarkup(text) {
  const reading = new Reading(text);
  let at = 0;
  for (;;) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    reading.add(text.slice(at, match?.index));
    if (!match) return reading.tree();
    at = reading.take(match);
  }
}

/** What is read so far: text, starts and ends. A marker is text until its partner is found. */
class Reading {
  #text;
  #labelAt = 0;
  /** Where the last one of each marker is among the parts. @type {Map<string, number>} */
  #open = new Map();
  /** Null ends what was started last. @type {(MarkupNode | null)[]} */
  #parts = [];

  /** @param {string} text */
  constructor(text) {
    this.#text = text;
  }

  /** @param {string} text */
  add(text) {
    if (text.includes("\n\n")) this.#open.clear();
    if (text) this.#parts.push(text);
  }

  /**
   * @param {RegExpExecArray} match
   * @returns {number} where to read on
   */
  take({ index, 0: written, 1: escaped, 2: code, 3: url, 4: target }) {
    const end = index + written.length;
    if (escaped) this.add(escaped);
    else if (code) this.#parts.push({ tag: "code", children: [] }, code, null);
    else if (url) return this.#takeUrl(index, url);
    else if (target !== undefined) this.#endLink(index, written, target);
    else if (written[0] === "*" || written[0] === "_") this.#takeRun(index, written);
    else this.#takeBracket(written, end);
    return end;
  }

  /** @returns {MarkupNode[]} */
  tree() {
    /** @type {MarkupNode[]} */
    const root = [];
    const stack = [root];
    for (const part of this.#parts) {
      if (part === null) stack.pop();
      else stack.at(-1)?.push(part);
      if (part && typeof part === "object") stack.push(part.children);
    }
    return root;
  }

  /**
   * @param {string} written
   * @param {number} end
   */
  #takeBracket(written, end) {
    this.#open.delete("[");
    if (written === "[") {
      this.#open.set(written, this.#parts.length);
      this.#labelAt = end;
    }
    this.#parts.push(written);
  }

  /**
   * @param {number} start
   * @param {string} written
   */
  #takeUrl(start, written) {
    const after = AFTER_A_URL + (this.#open.has("_") ? "_" : "");
    let { length } = written;
    while (after.includes(/** @type {string} */ (written[length - 1]))) length--;
    const href = written.slice(0, length);
    if (isWord(this.#at(start - 1)) || !LINK.test(href)) {
      this.add(written);
      return start + written.length;
    }
    // A link in a link's words would hide where that one leads.
    this.#open.delete("[");
    this.#parts.push({ tag: "a", href, children: [] }, href, null);
    return start + length;
  }

  /**
   * @param {number} start
   * @param {string} written
   * @param {string} href
   */
  #endLink(start, written, href) {
    const opened = this.#open.get("[");
    this.#open.delete("[");
    const isBlank = BLANK.test(this.#text.slice(this.#labelAt, start));
    if (opened === undefined || isBlank || !LINK.test(href)) this.add(written);
    else this.#close(opened, { tag: "a", href, children: [] });
  }

  /**
   * As many ends as there is something to end, else starts.
   *
   * @param {number} start
   * @param {string} run
   */
  #takeRun(start, run) {
    const before = this.#at(start - 1);
    const after = this.#at(start + run.length);
    const kinds = /** @type {string[]} */ (MARKERS[run.charAt(0)]);
    let rest = run;
    if (!BLANK.test(before) && !isWord(after)) {
      for (let found; (found = this.#innermost(kinds, rest.length)); rest = rest.slice(found.length)) {
        const opened = /** @type {number} */ (this.#open.get(found));
        this.#close(opened, { tag: found === "**" ? "strong" : "em", children: [] });
      }
    }
    const isStart = rest === run && !BLANK.test(after) && !isWord(before);
    if (isStart && run.length <= kinds.join("").length) {
      for (const marker of kinds) {
        if (marker.length > rest.length) continue;
        this.#open.set(marker, this.#parts.length);
        this.#parts.push(marker);
        rest = rest.slice(marker.length);
      }
    }
    this.add(rest);
  }

  /**
   * The marker that was opened last, has something in it, and is not too long.
   *
   * @param {string[]} kinds
   * @param {number} room
   */
  #innermost(kinds, room) {
    const opened = (/** @type {string} */ marker) => this.#open.get(marker) ?? Infinity;
    return kinds
      .filter((marker) => marker.length <= room && opened(marker) < this.#parts.length - 1)
      .sort((one, other) => opened(other) - opened(one))[0];
  }

  /**
   * @param {number} opened
   * @param {MarkupElement} element
   */
  #close(opened, element) {
    this.#parts[opened] = element;
    this.#parts.push(null);
    // What began inside cannot end outside.
    for (const [marker, at] of this.#open) if (at >= opened) this.#open.delete(marker);
  }

  /** @param {number} index */
  #at(index) {
    return this.#text[index] ?? "";
  }
}
