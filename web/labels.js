/**
 * The texts of the bell, in English.
 *
 * @import { Labels } from "./types.js"
 */

/** @type {Labels} */
export const english = {
  notifications: "Notifications",
  bell: (unread) => (unread ? `Notifications, ${unread} unread` : "Notifications"),
  markAllRead: "Mark all as read",
  markRead: "Mark as read",
  markUnread: "Mark as unread",
  archive: "Archive",
  close: "Close",
  unread: "Unread",
  received: (titles) =>
    titles.length === 1 ? `New notification: ${titles[0]}` : `${titles.length} new notifications`,
  archived: "Archived",
  undo: "Undo",
  emptyTitle: "You’re all caught up",
  emptyText: "New notifications will appear here.",
  failedTitle: "Notifications did not load",
  failedText: "Check your connection and try again.",
  retry: "Try again",
  moreFailed: "The rest did not load.",
  notSaved: "That was not saved. Please try again.",
  reconnecting: "Reconnecting…",
  offline: "You are offline",
  signedOut: "Your session has ended. Reload the page.",
  loading: "Loading",
};
