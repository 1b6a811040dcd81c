/**
 * Keys inside an inbox: one table, so that the docs, the list and the menu agree. Pure.
 *
 * @typedef {"next" | "previous" | "first" | "last"} Move
 * @typedef {"archive" | "toggleRead" | "snooze"} ItemAct
 */

/** @type {Record<string, Move>} */
const MOVES = {
  ArrowDown: "next",
  ArrowUp: "previous",
  j: "next",
  k: "previous",
  Home: "first",
  End: "last",
};

/** @type {Record<string, ItemAct>} */
const ACTS = { e: "archive", u: "toggleRead", s: "snooze" };

/**
 * Which way a key moves the focus.
 *
 * @param {KeyboardEvent} event
 * @returns {Move | undefined}
 */
export function moveOf(event) {
  return isPlain(event) ? MOVES[event.key] : undefined;
}

/**
 * What a key does to the notification that has the focus.
 *
 * @param {KeyboardEvent} event
 * @returns {ItemAct | undefined}
 */
export function itemActOf(event) {
  return isPlain(event) && !event.repeat ? ACTS[event.key] : undefined;
}

/**
 * The place a move leads to; a list does not go round.
 *
 * @param {Move} move
 * @param {number} at -1 while nothing has the focus
 * @param {number} length
 */
export function moved(move, at, length) {
  const to = { next: at + 1, previous: at - 1, first: 0, last: length - 1 }[move];
  return Math.max(0, Math.min(to, length - 1));
}

/**
 * A key that belongs to nobody else: no shortcut of browser or page, nothing typed into a field.
 *
 * @param {KeyboardEvent} event
 */
function isPlain(event) {
  const target = event.composedPath()[0];
  const isTyping = target instanceof Element && target.matches("input, textarea, select, [contenteditable]");
  const isChord = event.altKey || event.ctrlKey || event.metaKey || event.shiftKey;
  return !isTyping && !isChord && !event.isComposing;
}
