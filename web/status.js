/**
 * What a status means. Pure, and apart: a panel needs it without the rest of the state.
 *
 * @import { Status } from "./types.js"
 */

/** @param {{ status: Status }} row */
export function isUnread({ status }) {
  return status === "unseen" || status === "unread";
}
