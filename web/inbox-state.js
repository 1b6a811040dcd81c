/**
 * The inbox as a value: a pure reducer, no DOM, no network.
 *
 * `rows` hold what the server said; what the user did and the server has not confirmed lies on top
 * as `pending`, so that a rollback is dropping an act. A row never goes back to an older `seq`.
 *
 * @import { Act, Changes, InboxEvent, InboxState, InboxView, Notification, Page, Status } from "./types.js"
 */

/** @type {InboxState} */
export const emptyInbox = Object.freeze({
  phase: "loading",
  rows: new Map(),
  floor: "",
  next: null,
  more: "idle",
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
    case "loading":
      return { ...state, phase: "loading", more: "idle" };
    case "counted":
      return { ...state, ...countsOf(event.changes), seq: event.changes.seq };
    case "loaded":
      return { ...withPage({ ...state, rows: new Map() }, event.page), phase: "ready" };
    case "failed":
      return { ...state, phase: "failed" };
    case "more-loading":
      return { ...state, more: "loading" };
    case "more-loaded":
      return withPage(state, event.page);
    case "more-failed":
      return { ...state, more: "failed" };
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
 * @param {InboxState} state
 * @returns {InboxView}
 */
export function view(state) {
  const rows = [...state.rows.values()].map((row) => overlaid(row, state.pending));
  const items = rows.filter(isListed).sort((a, b) => (a.id < b.id ? 1 : -1));
  return { items, ...visibleCounts(state) };
}

/**
 * The changes that are new to this user: what should ring.
 *
 * @param {InboxState} state before the changes
 * @param {Changes} changes
 */
export function arrivals(state, changes) {
  return changes.data.filter(
    (row) => row.status === "unseen" && row.id > state.floor && !state.rows.has(row.id),
  );
}

/**
 * The changes that alter what is drawn and were not made here: another tab or device acted.
 *
 * @param {InboxState} state before the changes
 * @param {Changes} changes
 */
export function madeElsewhere(state, changes) {
  return changes.data.filter((row) => {
    const known = state.rows.get(row.id);
    if (!known || known.seq >= row.seq) return false;
    return overlaid(known, state.pending).status !== overlaid(row, state.pending).status;
  });
}

/**
 * The newest change this state shows; rows may be newer than the cursor.
 *
 * @param {InboxState} state
 */
export function newestSeq(state) {
  let newest = state.seq;
  for (const row of state.rows.values()) newest = Math.max(newest, row.seq);
  return newest;
}

/** @param {{ status: Status }} row */
export function isUnread({ status }) {
  return status === "unseen" || status === "unread";
}

/** @param {Notification} row */
function isListed(row) {
  return isUnread(row) || row.status === "read";
}

/** @param {Changes} changes */
function countsOf(changes) {
  return { unreadCount: changes.unread_count, unseenCount: changes.unseen_count };
}

/**
 * @param {InboxState} state
 * @param {Page} page
 * @returns {InboxState}
 */
function withPage(state, page) {
  const next = page.links.next && new URL(page.links.next).searchParams.get("starting_after");
  const floor = next ? (page.data.at(-1)?.id ?? state.floor) : "";
  return { ...state, rows: merged(state.rows, page.data), next, floor, more: "idle" };
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
 * Rows below the loaded range are left to the next page, or the list would have a hole.
 *
 * @param {InboxState} state
 * @param {Changes} changes
 * @returns {InboxState}
 */
function changed(state, changes) {
  const inRange = changes.data.filter((row) => row.id >= state.floor);
  const rows = inRange.length ? merged(state.rows, inRange) : state.rows;
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
  const marks = state.pending.filter((act) => act.id === null).map((act) => act.mark);
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
function without(acts, act) {
  return acts.filter((other) => other !== act);
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
function isMeant(row, act) {
  return act.id === null ? row.seq <= act.upTo : act.id === row.id;
}

/**
 * @param {Notification} row
 * @param {Act} act
 * @returns {Notification}
 */
function marked(row, { mark, at }) {
  switch (mark) {
    case "seen":
      return row.status === "unseen" ? { ...row, status: "unread", seen_at: at } : row;
    case "read":
      return isUnread(row)
        ? { ...row, status: "read", read_at: at, seen_at: row.seen_at ?? at }
        : row;
    case "unread":
      return row.status === "read" ? { ...row, status: "unread", read_at: null } : row;
    case "archive":
      return isListed(row) ? { ...row, status: "archived", archived_at: at } : row;
    case "unarchive":
      return row.status === "archived"
        ? { ...row, status: statusBefore(row), archived_at: null }
        : row;
  }
}

/**
 * @param {Notification} row an archived one
 * @returns {Status}
 */
function statusBefore(row) {
  if (row.read_at) return "read";
  return row.seen_at ? "unread" : "unseen";
}
