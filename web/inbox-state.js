/**
 * The inbox as a value: a pure reducer, no DOM, no network.
 *
 * `rows` hold what the server said; what the user did and the server has not confirmed lies on top
 * as `pending`, so that a rollback is dropping an act. A row never goes back to an older `seq`.
 * Rows stand by `place`. Those below the range of a list are left to its next page, or the list
 * would have a hole.
 *
 * @import { Act, Changes, Filter, InboxEvent, InboxState, InboxView, Notification, Status } from "./types.js"
 */
import {
  INBOX,
  keyOf,
  noRange,
  rangeAfter,
  rangeOf,
  withList,
  withListsAnew,
  withRange,
} from "./lists.js";
import { isUnread } from "./status.js";

/** @type {InboxState} */
export const emptyInbox = Object.freeze({
  ...noRange,
  rows: new Map(),
  lists: new Map(),
  seq: 0,
  unreadCount: 0,
  unseenCount: 0,
  pending: [],
  connection: "connecting",
});

/**
 * @param {InboxState} state
 * @param {InboxEvent} event
 * @returns {InboxState}
 */
export function reduce(state, event) {
  switch (event.type) {
    case "cached":
      return cached(state, event.inbox);
    case "loading":
      return { ...state, phase: state.phase === "cached" ? "cached" : "loading", more: "idle" };
    case "counted":
      return { ...state, ...countsOf(event.changes), seq: event.changes.seq };
    case "loaded":
      return withListsAnew(withPage({ ...state, rows: new Map() }, INBOX, event.page));
    case "failed":
      return { ...state, phase: state.rows.size ? "cached" : "failed" };
    case "list-opened":
      return withList(state, event.filter);
    case "more-loading":
      return withRange(state, event.list, { more: "loading" });
    case "more-loaded":
      return withPage(state, event.list, event.page);
    case "more-failed":
      return moreFailed(state, event.list);
    case "changed":
      return changed(state, event.changes);
    case "acted":
      return { ...state, pending: [...state.pending, event.act] };
    case "confirmed":
      return confirmed(state, event.act);
    case "refused":
      return { ...state, pending: without(state.pending, event.act) };
    case "connection":
      return { ...state, connection: event.connection };
  }
}

/**
 * Every row as it is shown, newest first, whatever list it is in.
 *
 * @param {InboxState} state
 * @returns {Notification[]}
 */
export function shownRows(state) {
  const rows = [...state.rows.values()].map((row) => overlaid(row, state.pending));
  return rows.sort((a, b) => (a.place < b.place ? 1 : -1));
}

/**
 * @param {InboxState} state
 * @param {Filter} filter
 * @param {Notification[]} [rows] those of `shownRows`
 */
export function listed(state, filter, rows = shownRows(state)) {
  const { floor } = rangeOf(state, keyOf(filter));
  return rows.filter((row) => isIn(row, filter, floor));
}

/**
 * @param {InboxState} state
 * @param {Notification[]} [rows] those of `shownRows`
 * @returns {InboxView}
 */
export function view(state, rows = shownRows(state)) {
  const items = listed(state, { status: "all", category: null }, rows);
  return { items, ...visibleCounts(state) };
}

/**
 * The changes that are new to this user: what should ring. What comes back from a snooze does, too;
 * what another device brings back to its old place does not.
 *
 * @param {InboxState} state before the changes
 * @param {Changes} changes
 */
export function arrivals(state, changes) {
  const newest = newestPlace(state);
  return changes.data.filter((row) => {
    if (row.status !== "unseen" || row.place < state.floor) return false;
    const known = state.rows.get(row.id);
    if (known) return known.place < row.place;
    return row.place > newest || row.updated_at === row.created_at;
  });
}

/**
 * The changes that alter what is drawn and were made by the user, in another tab or on another
 * device. Rows that moved, or that went under a newer one or came out from there, did so by
 * themselves.
 *
 * @param {InboxState} state before the changes
 * @param {Changes} changes
 */
export function madeElsewhere(state, changes) {
  // What another tab did lies on top here, too.
  const own = state.pending.filter(({ isHeard }) => !isHeard);
  return changes.data.filter((row) => {
    const known = state.rows.get(row.id);
    if (!known || known.seq >= row.seq || known.place !== row.place) return false;
    if (row.status === "grouped" || known.status === "grouped") return false;
    return overlaid(known, own).status !== overlaid(row, own).status;
  });
}

/**
 * Where the newest row stands: what arrives later stands above it. A seq would not do, as every act
 * renews it.
 *
 * @param {InboxState} state
 */
export function newestPlace({ rows }) {
  let newest = "";
  for (const { place } of rows.values()) if (place > newest) newest = place;
  return newest;
}

/** @param {{ status: Status }} row */
function isListed(row) {
  return isUnread(row) || row.status === "read";
}

/**
 * @param {Notification} row as it is shown
 * @param {Filter} filter
 * @param {string} floor
 */
function isIn(row, { status, category }, floor) {
  if (row.place < floor || (category !== null && row.category !== category)) return false;
  if (status === "all") return isListed(row);
  return status === "unread" ? isUnread(row) : row.status === status;
}

/** @param {Changes} changes */
function countsOf(changes) {
  return { unreadCount: changes.unread_count, unseenCount: changes.unseen_count };
}

/**
 * @param {InboxState} state
 * @param {import("./types.js").CachedInbox} inbox
 * @returns {InboxState}
 */
function cached(state, { rows, hasMore, ...inbox }) {
  // There is no cursor: what comes next is asked for once the inbox is loaded.
  const next = hasMore ? "" : null;
  return { ...state, ...inbox, rows: merged(new Map(), rows), next, phase: "cached" };
}

/**
 * @param {InboxState} state
 * @param {string} list
 * @param {import("./types.js").Page} page
 * @returns {InboxState}
 */
function withPage(state, list, page) {
  return withRange({ ...state, rows: merged(state.rows, page.data) }, list, rangeAfter(page));
}

/**
 * @param {InboxState} state
 * @param {string} list
 */
function moreFailed(state, list) {
  const { phase } = rangeOf(state, list);
  return withRange(state, list, { more: "failed", phase: phase === "loading" ? "failed" : phase });
}

/**
 * @param {InboxState["rows"]} rows
 * @param {Notification[]} news
 */
function merged(rows, news) {
  const all = new Map(rows);
  for (const row of news) {
    const known = all.get(row.id);
    if (!known || known.seq <= row.seq) all.set(row.id, row);
  }
  return all;
}

/**
 * @param {InboxState} state
 * @param {Changes} changes
 * @returns {InboxState}
 */
function changed(state, changes) {
  const rows = changes.data.length ? merged(state.rows, changes.data) : state.rows;
  if (changes.seq < state.seq) return { ...state, rows };
  return { ...state, rows, seq: changes.seq, ...countsOf(changes) };
}

/**
 * The act becomes truth now; waiting for its echo would let the old state flicker through.
 *
 * @param {InboxState} state
 * @param {Act} act
 * @returns {InboxState}
 */
function confirmed(state, act) {
  const rows = new Map(state.rows);
  for (const row of rows.values()) rows.set(row.id, overlaid(row, [act]));
  const counts = visibleCounts({ ...state, pending: [act] });
  return { ...state, rows, ...counts, pending: without(state.pending, act) };
}

/**
 * The server's counts with the pending acts applied. What is not loaded counts as a lump, which
 * only an act on everything can change.
 *
 * @param {InboxState} state
 */
function visibleCounts(state) {
  const rows = [...state.rows.values()];
  const shown = rows.map((row) => overlaid(row, state.pending));
  const ofAll = state.pending.filter(({ id, category }) => id === null && !category);
  const marks = ofAll.map(({ mark }) => mark);
  const isRead = marks.includes("read") || marks.includes("archive");
  const isSeen = isRead || marks.includes("seen");
  const unread = isRead ? 0 : Math.max(0, state.unreadCount - rows.filter(isUnread).length);
  const unseen = isSeen ? 0 : Math.max(0, state.unseenCount - rows.filter(isUnseen).length);
  return {
    unreadCount: unread + shown.filter(isUnread).length,
    unseenCount: unseen + shown.filter(isUnseen).length,
  };
}

/** @param {Notification} row */
function isUnseen(row) {
  return row.status === "unseen";
}

/**
 * @param {readonly Act[]} acts
 * @param {Act} act
 */
function without(acts, { key }) {
  return acts.filter((other) => other.key !== key);
}

/**
 * @param {Notification} row
 * @param {readonly Act[]} acts
 * @returns {Notification}
 */
function overlaid(row, acts) {
  return acts.reduce((shown, act) => (isMeant(row, act) ? marked(shown, act) : shown), row);
}

/**
 * @param {Notification} row
 * @param {Act} act
 */
function isMeant(row, { id, category, upTo }) {
  if (id !== null) return id === row.id;
  return (!upTo || row.place <= upTo) && (!category || category === row.category);
}

/**
 * @param {Notification} row
 * @param {Act} act
 * @returns {Notification}
 */
function marked(row, { mark, at, until }) {
  const { status } = row;
  switch (mark) {
    case "seen":
      return status === "unseen" ? { ...row, status: "unread", seen_at: at } : row;
    case "read":
    case "clicked":
      return isUnread(row)
        ? { ...row, status: "read", read_at: at, seen_at: row.seen_at ?? at }
        : row;
    case "unread":
      return status === "read" ? { ...row, status: "unread", read_at: null } : row;
    case "archive":
      return isListed(row) || status === "snoozed"
        ? { ...row, status: "archived", archived_at: at, snoozed_until: null }
        : row;
    case "unarchive":
      return status === "archived" ? { ...row, status: statusBefore(row), archived_at: null } : row;
    case "snooze":
      return { ...row, status: "snoozed", snoozed_until: until ?? null, archived_at: null };
    case "unsnooze":
      return status === "snoozed" ? { ...row, status: statusBefore(row), snoozed_until: null } : row;
    case "ungroup":
      return { ...row, group: null };
  }
}

/**
 * @param {Notification} row one that comes back to the inbox
 * @returns {Status}
 */
function statusBefore(row) {
  if (row.read_at) return "read";
  return row.seen_at ? "unread" : "unseen";
}
