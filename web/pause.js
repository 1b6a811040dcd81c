/** Waiting between attempts. No DOM, no network. */
import { ApiError } from "./api.js";

const SHORTEST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * Full jitter: a random time between one second and a limit that doubles up to half a minute, so
 * that a thousand browsers do not come back in the same moment.
 *
 * @param {number} attempt 0 for the first one
 * @param {() => number} [random]
 * @returns {number} milliseconds
 */
export function backoff(attempt, random = Math.random) {
  const limit = Math.min(LONGEST_MS, 2 * SHORTEST_MS * 2 ** Math.min(attempt, 10));
  return SHORTEST_MS + random() * (limit - SHORTEST_MS);
}

/**
 * How long to wait after a failure.
 *
 * @param {unknown} error
 * @param {number} attempt
 * @returns {number} milliseconds; Infinity when only somebody else can help
 */
export function waitAfter(error, attempt) {
  if (!(error instanceof ApiError)) return backoff(attempt);
  return error.isPassing ? (error.retryAfterMs ?? backoff(attempt)) : Infinity;
}

/** A sleep that can be cut short. */
export class Pause {
  #wake = () => {};

  /**
   * Ends after `ms`, on `wake()` or when `signal` aborts, whichever is first.
   *
   * @param {number} ms Infinity waits for one of the other two
   * @param {AbortSignal} signal
   * @returns {Promise<void>}
   */
  async wait(ms, signal) {
    if (signal.aborted) return;
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    let timer;
    await new Promise((resolve) => {
      this.#wake = () => resolve(undefined);
      signal.addEventListener("abort", this.#wake, { once: true });
      if (ms < Infinity) timer = setTimeout(resolve, ms);
    });
    signal.removeEventListener("abort", this.#wake);
    clearTimeout(timer);
  }

  wake() {
    this.#wake();
  }
}
