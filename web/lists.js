/**
 * What a list shows, and how much of it is loaded.
 *
 * All lists draw on the same rows, so an act moves a notification from one to the other at once.
 * Within its range a list is complete; cursors are places, which mean the same in every list. Hence
 * a list of what also stands in the inbox begins with the range that the inbox has. Pure.
 *
 * @import { Filter, InboxState, Page, Range } from "./types.js"
 */
import { isApart } from "./status.js";

/** The key of the list that hides nothing: the inbox itself. */
export const INBOX = "all ";
/** Above every place: nothing is loaded. */
const TOP = "~";

/** @type {Range} */
export const noRange = { phase: "loading", floor: "", next: null, more: "idle" };

/**
 * @param {Filter} filter
 * @returns {string} the same for every filter that hides the same
 */
export function keyOf({ status, category }) {
  return `${status} ${category ?? ""}`;
}

/**
 * @param {InboxState} state
 * @param {string} key
 * @returns {Range}
 */
export function rangeOf(state, key) {
  return key === INBOX ? state : (state.lists.get(key)?.range ?? noRange);
}

/**
 * @param {InboxState} state
 * @param {string} key
 * @param {Partial<Range>} change
 * @returns {InboxState}
 */
export function withRange(state, key, change) {
  if (key === INBOX) return { ...state, ...change };
  const list = state.lists.get(key);
  if (!list) return state;
  const range = { ...list.range, ...change };
  return { ...state, lists: new Map(state.lists).set(key, { ...list, range }) };
}

/**
 * @param {InboxState} state
 * @param {Filter} filter
 * @returns {InboxState}
 */
export function withList(state, filter) {
  const range = isApart(filter) ? { ...noRange, floor: TOP } : rangeOfInbox(state);
  return { ...state, lists: new Map(state.lists).set(keyOf(filter), { filter, range }) };
}

/**
 * The lists as they are after the inbox was loaded anew.
 *
 * @param {InboxState} state
 * @returns {InboxState}
 */
export function withListsAnew(state) {
  return [...state.lists.values()].reduce((anew, { filter }) => withList(anew, filter), state);
}

/**
 * @param {Page} page
 * @returns {Range} the range after this page
 */
export function rangeAfter(page) {
  const next = page.links.next && new URL(page.links.next).searchParams.get("starting_after");
  const last = page.data.at(-1);
  return { phase: "ready", floor: next && last ? last.place : "", next, more: "idle" };
}

/**
 * @param {InboxState} state
 * @returns {Range}
 */
function rangeOfInbox({ phase, floor, next }) {
  return { phase, floor, next, more: "idle" };
}
