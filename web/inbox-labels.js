/**
 * The texts of the inbox, in English, but for those that the bell needs before its panel.
 *
 * @import { BellLabels, Labels } from "./types.js"
 */

/** @type {Omit<Labels, keyof BellLabels>} */
export const inboxEnglish = {
  markAllRead: "Mark all as read",
  markRead: "Mark as read",
  markUnread: "Mark as unread",
  archive: "Archive",
  close: "Close",
  unread: "Unread",
  archived: "Archived",
  undo: "Undo",
  markedRead: "Marked as read",
  markedUnread: "Marked as unread",
  all: "All",
  categories: "Categories",
  unreadOnly: "Unread",
  emptyFilterTitle: "Nothing here",
  emptyFilterText: "What matches will appear here.",
  andOthers: (count) => (count === 1 ? "and 1 other" : `and ${count} others`),
  showLess: "Show less",
  showMore: "Show more",
  ungroup: "Ungroup",
  ungrouped: "Ungrouped",
  snooze: "Snooze",
  inOneHour: "In 1 hour",
  tonight: "Tonight",
  tomorrow: "Tomorrow",
  nextWeek: "Next week",
  pickTime: "Pick a time",
  snoozedUntil: (time) => `Snoozed until ${time}`,
  newOnes: (count) => `${count} new`,
  emptyTitle: "You’re all caught up",
  emptyText: "New notifications will appear here.",
  failedText: "Check your connection and try again.",
  moreFailed: "The rest did not load.",
  notSaved: "That was not saved. Please try again.",
  reconnecting: "Reconnecting…",
  offline: "You are offline",
  signedOut: "Your session has ended. Reload the page.",
};
