/**
 * The head of the inbox, kept in the browser, so that the bell is drawn before the network answers.
 *
 * One inbox a server: what another user left is never read, and gone with the next write. Kept are
 * the first page and the counts, as the server told them. Where nothing can be stored, nothing is.
 *
 * @import { CachedInbox, Category, InboxState } from "./types.js"
 */
import { listed } from "./inbox-state.js";

/** Another number for another shape: what does not fit is not read. */
const VERSION = 2;
const MOST_ROWS = 20;

export class Cache {
  #storage;
  #key;
  #user;

  /**
   * @param {Storage | null} storage null: nothing is kept
   * @param {string} serverUrl
   * @param {string} user
   */
  constructor(storage, serverUrl, user) {
    this.#storage = storage;
    this.#key = `notifybell inbox ${serverUrl}`;
    this.#user = user;
  }

  /** @returns {CachedInbox | null} */
  read() {
    try {
      const { version, user, inbox } = JSON.parse(this.#storage?.getItem(this.#key) ?? "{}");
      return version === VERSION && user === this.#user ? inbox : null;
    } catch {
      return null;
    }
  }

  /** Its user has signed out. */
  clear() {
    this.#storage?.removeItem(this.#key);
  }

  /**
   * @param {InboxState} state
   * @param {readonly Category[]} categories
   */
  write(state, categories) {
    const kept = { version: VERSION, user: this.#user, inbox: { ...headOf(state), categories } };
    try {
      this.#storage?.setItem(this.#key, JSON.stringify(kept));
    } catch {
      // The storage is full or forbidden: the next visit waits for the network.
    }
  }
}

/**
 * @param {InboxState} state
 * @returns {Omit<CachedInbox, "categories">}
 */
function headOf(state) {
  const { unreadCount, unseenCount } = state;
  const all = listed({ ...state, pending: [] }, { status: "all", category: null });
  const rows = all.slice(0, MOST_ROWS);
  const isCut = rows.length < all.length;
  const floor = isCut ? (rows.at(-1)?.place ?? "") : state.floor;
  return { rows, floor, hasMore: isCut || state.next !== null, unreadCount, unseenCount };
}
