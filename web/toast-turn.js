/**
 * Which page shows a toast: one that is looked at, and of several the one with the focus.
 *
 * What arrived while nobody looked is in the inbox, and no news any more.
 */

/** An unfocused window waits for a focused one. */
const COURTESY_MS = 150;
/** How long others are kept from showing the same; they hear of it within moments. */
const HOLD_MS = 20_000;
/** A page that is looked at again catches up within this time. */
const CATCH_UP_MS = 5000;

let lookedAtSince = Date.now();

document.addEventListener("visibilitychange", () => {
  if (isLookedAt()) lookedAtSince = Date.now();
});

export function isLookedAt() {
  return document.visibilityState === "visible";
}

/**
 * Whether it came before this page was looked at. Only asked right after that, so that a clock that
 * is wrong silences the page for moments, not for good.
 *
 * @param {import("./types.js").Notification} notification
 */
export function isMissed({ updated_at }) {
  const isBack = Date.now() - lookedAtSince < CATCH_UP_MS;
  return isBack && Date.parse(updated_at) < lookedAtSince;
}

/**
 * Whether this page is the one; asking takes the turn.
 *
 * @param {string} name the same in all pages for the same news
 * @returns {Promise<boolean>}
 */
export async function takeTurn(name) {
  if (!navigator.locks) return true;
  if (!document.hasFocus()) await after(COURTESY_MS);
  if (!isLookedAt()) return false;
  return new Promise((resolve) => {
    const hold = (/** @type {Lock | null} */ lock) => {
      resolve(lock !== null);
      return lock ? after(HOLD_MS) : undefined;
    };
    // Frames without an own origin have no locks.
    navigator.locks.request(name, { ifAvailable: true }, hold).catch(() => resolve(true));
  });
}

/** @param {number} ms */
function after(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
