/**
 * For the docs only: what marks do to a sandbox's rows, and which rows a list shows. Pure.
 *
 * @import { Mark, Notification } from "../types.js"
 */

/**
 * What a mark does to a row.
 *
 * @param {Notification} row
 * @param {Mark} mark
 * @param {string} [until]
 * @returns {Partial<Notification>}
 */
export function changed(row, mark, until) {
  const now = new Date().toISOString();
  const back = row.read_at ? "read" : "unread";
  switch (mark) {
    case "read":
    case "clicked":
      return { status: "read", read_at: now, seen_at: row.seen_at ?? now };
    case "unread":
      return { status: "unread", read_at: null };
    case "seen":
      return { status: "unread", seen_at: now };
    case "archive":
      return { status: "archived", archived_at: now };
    case "snooze":
      return { status: "snoozed", snoozed_until: until ?? now };
    default:
      return { status: back, archived_at: null, snoozed_until: null };
  }
}

/**
 * Whether a mark of all means this row.
 *
 * @param {Notification} row
 * @param {Mark} mark
 */
export function changes({ status }, mark) {
  if (mark === "seen") return status === "unseen";
  return mark === "read" ? status === "unseen" || status === "unread" : true;
}

/** @param {Notification} row */
export function isListed({ status }) {
  return status === "unseen" || status === "unread" || status === "read";
}

/**
 * @param {Notification} row
 * @param {string} wanted
 */
export function hasStatus({ status }, wanted) {
  return status === wanted || (wanted === "unread" && status === "unseen");
}
