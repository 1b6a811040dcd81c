/**
 * What a status means. Pure, and apart: a panel needs it without the rest of the state.
 *
 * @import { Status } from "./types.js"
 */

/** @param {{ status: Status }} row */
export function isUnread({ status }) {
  return status === "unseen" || status === "unread";
}

/**
 * Whether it stands in a list of its own and not in the inbox.
 *
 * @param {{ status: string }} rowOrFilter
 */
export function isApart({ status }) {
  return status === "archived" || status === "snoozed";
}
