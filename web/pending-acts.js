/**
 * What the user does: shown at once, sent when there is a network, taken back when refused.
 *
 * @import { Api } from "./api.js"
 * @import { Inbox } from "./inbox.js"
 * @import { Verdict } from "./outbox.js"
 * @import { Act } from "./types.js"
 */
import { ApiError } from "./api.js";
import { newestPlace } from "./inbox-state.js";
import { newKey, Outbox } from "./outbox.js";
import { Pause, waitAfter } from "./pause.js";

/**
 * @typedef {object} ActParts
 * @property {string} name the same in all tabs of one server and user
 * @property {Storage | null} storage
 * @property {Api} api
 * @property {Inbox} inbox
 * @property {() => Promise<void>} catchUp
 * @property {(name: string, detail: object) => void} emit
 * @property {(error: unknown) => void} report
 */

export class PendingActs {
  #parts;
  #inbox;
  #outbox;
  #pause = new Pause();
  #signal = AbortSignal.abort();
  /** Why the last act waits. @type {unknown} */
  #obstacle = null;
  /** @type {Promise<void> | null} */
  #replaying = null;

  /** @param {ActParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#inbox = parts.inbox;
    const browser = { storage: parts.storage, locks: navigator.locks };
    this.#outbox = new Outbox(`${parts.name} act `, (act) => this.#deliver(act), browser);
  }

  /**
   * Shows and sends what an earlier page, or another tab, could not send.
   *
   * @param {AbortSignal} signal
   */
  start(signal) {
    this.#signal = signal;
    this.#takeStored();
    void this.#replay();
  }

  /** Tries again now. */
  wake() {
    this.#pause.wake();
  }

  /**
   * @param {Pick<Act, "mark" | "id" | "category" | "until">} what
   * @returns {Promise<boolean>} false: refused, and taken back
   */
  async put(what) {
    const at = new Date().toISOString();
    const act = { ...what, key: newKey(), upTo: newestPlace(this.#inbox.state), at };
    this.#inbox.dispatch({ type: "acted", act });
    const verdict = await this.#outbox.put(act);
    if (verdict === "waits") void this.#replay();
    return verdict !== "refused";
  }

  /** @param {string | null} key what another tab has changed in the storage; null: all of it */
  onStored(key) {
    if (key === null || key.startsWith(this.#outbox.prefix)) this.#takeStored();
  }

  /**
   * @param {Act} act
   * @returns {Promise<Verdict>}
   */
  async #deliver(act) {
    try {
      await this.#parts.api.act(act);
    } catch (error) {
      return this.#failed(act, error);
    }
    this.#inbox.dispatch({ type: "confirmed", act });
    const notification = act.id === null ? null : (this.#inbox.state.rows.get(act.id) ?? null);
    const { mark, category = null } = act;
    this.#parts.emit("marked", { mark, notification, category });
    return "done";
  }

  /**
   * @param {Act} act
   * @param {unknown} error
   * @returns {Verdict}
   */
  #failed(act, error) {
    this.#obstacle = error;
    if (isCurable(error)) return "waits";
    this.#inbox.dispatch({ type: "refused", act });
    this.#parts.report(error);
    return "refused";
  }

  /** Sends what waits, until nothing does. */
  #replay() {
    this.#replaying ??= this.#replayUntilDone(this.#signal).finally(() => (this.#replaying = null));
    return this.#replaying;
  }

  /** @param {AbortSignal} signal */
  async #replayUntilDone(signal) {
    for (let attempt = 0; !signal.aborted && !(await this.#outbox.flush()); attempt++) {
      await this.#pause.wait(waitAfter(this.#obstacle, attempt), signal);
    }
  }

  /** Another tab has acted, or what it did was answered. */
  #takeStored() {
    const { pending } = this.#inbox.state;
    const known = new Set(pending.map(({ key }) => key));
    const { acts } = this.#outbox;
    for (const act of acts) {
      if (!known.has(act.key)) this.#inbox.dispatch({ type: "acted", act: { ...act, isHeard: true } });
    }
    const kept = new Set(acts.map(({ key }) => key));
    const gone = pending.filter(({ key }) => !kept.has(key) && !this.#outbox.isRunning(key));
    if (gone.length) void this.#drop(gone);
  }

  /**
   * What became of them comes with the changes: these first, or the old state would flicker through.
   *
   * @param {Act[]} acts
   */
  async #drop(acts) {
    await this.#parts.catchUp();
    for (const act of acts) this.#inbox.dispatch({ type: "refused", act });
  }
}

/**
 * Whether the server can take the same act later: when it can be reached, or with another token.
 *
 * @param {unknown} error
 */
function isCurable(error) {
  return !(error instanceof ApiError) || error.isPassing || error.status === 401;
}
