/**
 * The bell's own texts, in English; those of its panel are in `inbox-labels.js`.
 *
 * @import { BellLabels } from "./types.js"
 */

/** @type {BellLabels} */
export const english = {
  notifications: "Notifications",
  bell: (unread) => (unread ? `Notifications, ${unread} unread` : "Notifications"),
  received: (titles) =>
    titles.length === 1 ? `New notification: ${titles[0]}` : `${titles.length} new notifications`,
  failedTitle: "Notifications did not load",
};
