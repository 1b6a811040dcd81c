/**
 * What elements say before the rest of their code is there, in English; the inbox's own texts are in
 * `inbox-labels.js`, those of the preference centre in `preferences-labels.js`.
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
  preferencesFailed: "Your settings did not load",
  retry: "Try again",
  loading: "Loading",
};
