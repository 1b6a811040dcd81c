/** What happens to the page: looked at or not, on- or offline, left, back, awake after a sleep. */

const TICK_MS = 20_000;
/** Hidden pages' clocks tick once a minute; a longer gap means that the machine slept. */
const SLEEP_MS = 75_000;

/**
 * @typedef {object} PageRoles
 * @property {() => void} shown
 * @property {() => void} hidden
 * @property {() => void} online
 * @property {() => void} offline
 * @property {() => void} left it may be kept, and come back
 * @property {() => void} back
 * @property {() => void} woke
 * @property {() => void} tick every now and then
 * @property {(key: string | null) => void} stored another tab changed what is stored; null: all
 */

/**
 * @param {PageRoles} roles
 * @param {AbortSignal} signal
 */
export function watchPage(roles, signal) {
  const { left, back, online, offline, shown, hidden, stored } = roles;
  const isShown = () => document.visibilityState === "visible";
  const ticking = setInterval(ticker(roles), TICK_MS);
  signal.addEventListener("abort", () => clearInterval(ticking));
  document.addEventListener("visibilitychange", () => (isShown() ? shown() : hidden()), { signal });
  addEventListener("online", online, { signal });
  addEventListener("offline", offline, { signal });
  addEventListener("pagehide", left, { signal });
  addEventListener("pageshow", (event) => event.persisted && back(), { signal });
  addEventListener("storage", ({ key }) => stored(key), { signal });
}

/** @param {PageRoles} roles */
function ticker({ woke, tick }) {
  let lastAt = Date.now();
  return () => {
    const sleptMs = Date.now() - lastAt;
    lastAt += sleptMs;
    if (sleptMs > SLEEP_MS) woke();
    tick();
  };
}
