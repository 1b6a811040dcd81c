/**
 * What the user did and the server has not answered yet, in the order it was done.
 *
 * Every act is kept for the next page load until it is answered. While nothing waits, acts are sent
 * at once, those on one row after each other; once one cannot be sent, the rest line up behind it.
 * One tab at a time sends what waits, and the server knows an act that comes twice by its key.
 *
 * @import { Act } from "./types.js"
 */

/**
 * What became of an act; "waits": nobody answered, try again later.
 *
 * @typedef {"done" | "refused" | "waits"} Verdict
 */

export class Outbox {
  #deliver;
  #locks;
  #storage;
  /** What could not be stored. @type {Map<string, Act>} */
  #unstored = new Map();
  /** @type {Map<string, { act: Act, verdict: Promise<Verdict> }>} */
  #running = new Map();
  /** @type {Promise<boolean> | null} */
  #flushing = null;

  /**
   * @param {string} prefix of the keys in the storage, the same for all tabs of one user
   * @param {(act: Act) => Promise<Verdict>} deliver sends one act
   * @param {{ storage: Storage | null, locks?: LockManager }} browser
   */
  constructor(prefix, deliver, { storage, locks }) {
    this.prefix = prefix;
    this.#deliver = deliver;
    this.#storage = storage;
    this.#locks = locks;
  }

  /** @returns {Act[]} oldest first */
  get acts() {
    const acts = [...this.#stored(), ...this.#unstored.values()];
    return acts.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /** @param {string} key */
  isRunning(key) {
    return this.#running.has(key);
  }

  /**
   * @param {Act} act
   * @returns {Promise<Verdict>}
   */
  async put(act) {
    const { acts } = this;
    this.#keep(act);
    if (!acts.every(({ key }) => this.isRunning(key))) return "waits";
    const before = [...this.#running.values()].filter((one) => isSameRow(one.act, act));
    return this.#run(act, Promise.all(before.map(({ verdict }) => verdict)));
  }

  /**
   * Sends what waits.
   *
   * @returns {Promise<boolean>} false: something waits still
   */
  flush() {
    this.#flushing ??= this.#flushAlone().finally(() => (this.#flushing = null));
    return this.#flushing;
  }

  async #flushAlone() {
    if (!this.acts.length) return true;
    if (!this.#locks) return this.#drain();
    return this.#locks.request(this.prefix, () => this.#drain());
  }

  async #drain() {
    for (let act = this.acts[0]; act; act = this.acts[0]) {
      const verdict = await (this.#running.get(act.key)?.verdict ?? this.#run(act));
      if (verdict === "waits") return false;
    }
    return true;
  }

  /**
   * @param {Act} act
   * @param {Promise<Verdict[]>} [before] acts that the server must see first
   */
  #run(act, before) {
    const verdict = this.#send(act, before);
    this.#running.set(act.key, { act, verdict });
    return verdict;
  }

  /**
   * @param {Act} act
   * @param {Promise<Verdict[]>} [before]
   * @returns {Promise<Verdict>}
   */
  async #send(act, before) {
    try {
      if ((await before)?.includes("waits")) return "waits";
      const verdict = await this.#deliver(act);
      if (verdict !== "waits") this.#forget(act);
      return verdict;
    } finally {
      this.#running.delete(act.key);
    }
  }

  /** An entry an act: tabs that write at the same time do not undo each other. @returns {Act[]} */
  #stored() {
    const acts = [];
    const storage = this.#storage;
    for (let index = 0; storage && index < storage.length; index++) {
      const name = storage.key(index) ?? "";
      const act = name.startsWith(this.prefix) && parsed(storage.getItem(name));
      if (act) acts.push(act);
    }
    return acts;
  }

  /** @param {Act} act */
  #keep(act) {
    try {
      if (!this.#storage) throw new Error();
      this.#storage.setItem(this.prefix + act.key, JSON.stringify(act));
    } catch {
      this.#unstored.set(act.key, act);
    }
  }

  /** @param {Act} act */
  #forget({ key }) {
    this.#unstored.delete(key);
    this.#storage?.removeItem(this.prefix + key);
  }
}

/**
 * @param {string | null} text
 * @returns {Act | null}
 */
function parsed(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

let keysMade = 0;

/** A name for an act; later ones sort after earlier ones, and no two are the same. */
export function newKey() {
  keysMade += 1;
  const parts = [Date.now(), keysMade, Math.floor(Math.random() * 36 ** 8)];
  return parts.map((part) => part.toString(36).padStart(8, "0")).join("-");
}

/**
 * @param {Act} one
 * @param {Act} other
 */
function isSameRow(one, other) {
  return one.id === null || other.id === null || one.id === other.id;
}
