/**
 * One stream a browser: the tab that holds the lock leads, and tells the others by channel.
 *
 * When the leader goes, the browser gives the lock to the next tab. Where locks or channels do not
 * exist (plain http, sandboxed frames) every tab leads itself.
 *
 * @import { TabMessage } from "./types.js"
 */

/**
 * @typedef {object} Roles
 * @property {(signal: AbortSignal) => Promise<void>} lead leads until the signal aborts
 * @property {(message: TabMessage) => void} hear gets what the leader tells
 */

export class Tabs {
  #name;
  #roles;
  /** @type {BroadcastChannel | null} */
  #channel = null;
  /** @type {AbortController | null} */
  #term = null;
  /** @type {AbortSignal | null} */
  #leading = null;

  /**
   * @param {string} name the same in all tabs that belong together
   * @param {Roles} roles
   */
  constructor(name, roles) {
    this.#name = name;
    this.#roles = roles;
  }

  get isLeading() {
    return this.#leading !== null && !this.#leading.aborted;
  }

  /** Hears the others from now on. */
  join() {
    try {
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => this.#roles.hear(data);
    } catch {
      this.#channel = null;
    }
  }

  leave() {
    this.resign();
    this.#channel?.close();
    this.#channel = null;
  }

  /** @param {TabMessage} message */
  tell(message) {
    this.#channel?.postMessage(message);
  }

  /**
   * Leads as soon as it can.
   *
   * @param {boolean} [byForce] take over from a leader that has fallen silent
   */
  stand(byForce = false) {
    if (byForce) this.resign();
    if (this.#term) return;
    const term = new AbortController();
    this.#term = term;
    const lead = () => this.#lead(term.signal);
    if (!this.#channel || !navigator.locks) return void lead();
    const options = byForce ? { steal: true } : { signal: term.signal };
    navigator.locks.request(this.#name, options, lead).catch((error) => {
      if (term.signal.aborted) return;
      // Robbed of the lock by a tab that could not hear us: line up again. Or no locks here at all.
      this.resign();
      if (error.name === "AbortError") this.stand();
      else this.#standAlone();
    });
  }

  /** Gives the lead, or the place in the queue, to the others. */
  resign() {
    this.#term?.abort();
    this.#term = null;
  }

  #standAlone() {
    this.#term = new AbortController();
    void this.#lead(this.#term.signal);
  }

  /** @param {AbortSignal} signal */
  async #lead(signal) {
    this.#leading = signal;
    await this.#roles.lead(signal);
    if (this.#leading === signal) this.#leading = null;
  }
}
