/** The texts of the push prompt, in English. */

/**
 * @typedef {object} PushLabels
 * @property {string} pushWhy
 * @property {string} pushTurnOn
 * @property {string} pushLater
 * @property {string} pushHomeScreen
 * @property {string} pushBlocked
 * @property {string} pushIsOn
 * @property {string} pushTurnOff
 * @property {string} pushFailed
 * @property {string} pushRetry
 */

/** @type {PushLabels} */
export const englishPush = {
  pushWhy: "Get these as notifications on this device, even when the page is closed.",
  pushTurnOn: "Turn on",
  pushLater: "Not now",
  pushHomeScreen:
    "On iPhone and iPad, notifications come only to apps on the home screen: tap Share, then “Add to Home Screen”, and open it from there.",
  pushBlocked:
    "Notifications are blocked in this browser. To get them, open the site settings beside the address, and allow Notifications.",
  pushIsOn: "Notifications are on for this device.",
  pushTurnOff: "Turn off",
  pushFailed: "That did not work. Check your connection and try again.",
  pushRetry: "Try again",
};
