/**
 * The headless half of the bell: one user's inbox, kept in step with the server.
 *
 * What an earlier visit left is there at once. Acts show at once, wait for the network when there is
 * none, and are taken back when the server refuses. Draws nothing.
 *
 * @import { Category, Filter, InboxState, Mark, MarkOfAll, Notification } from "./types.js"
 */
import { Api } from "./api.js";
import { Cache } from "./cache.js";
import { Inbox } from "./inbox.js";
import { InboxList } from "./inbox-list.js";
import { keyOf } from "./lists.js";
import { watchPage } from "./page-watch.js";
import { PendingActs } from "./pending-acts.js";
import { Sync } from "./sync.js";
import { expiry, identity, isNamed, Tokens } from "./tokens.js";

/** Many changes in a row are kept for the next visit once. */
const CACHE_AFTER_MS = 1000;

/**
 * @typedef {object} ClientOptions
 * @property {string} serverUrl
 * @property {string} token
 * @property {() => Promise<string>} [onTokenExpired] answers with a fresh token
 * @property {boolean} [noStorage] nothing is left in the browser's storage
 */

/**
 * Events: `change` (draw again), `loaded`, `live` (connected, or again), `received`, `synced`
 * (detail: notifications), `marked` (detail: mark, notification or null for all, category),
 * `token-expired`, `error` (detail: error).
 *
 * Several elements share one client: `clientFor` in shared.js makes it, `retain` and `release` count.
 */
export class InboxClient extends EventTarget {
  #tokens;
  #api;
  #inbox = new Inbox(() => this.#onChange());
  #sync;
  #acts;
  #cache;
  /** @type {(() => Promise<string>)[]} */
  #renewals = [];
  #holders = 0;
  /** @type {AbortController | null} */
  #life = null;
  /** @type {Map<string, InboxList>} */
  #lists = new Map();
  /** @type {readonly Category[]} */
  #categories = [];
  /** @type {Promise<void> | null} */
  #asking = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #caching;

  /** @param {ClientOptions} options */
  constructor({ serverUrl, token, onTokenExpired, noStorage }) {
    super();
    if (onTokenExpired) this.#renewals.push(onTokenExpired);
    this.#tokens = new Tokens(token, () => this.#renew());
    this.#api = new Api(serverUrl, this.#tokens);
    const name = `notifybell ${serverUrl} ${identity(token)}`;
    const storage = noStorage || !isNamed(token) ? null : ownStorage();
    this.#cache = new Cache(storage, serverUrl, identity(token));
    const parts = {
      ...{ name, storage, api: this.#api, tokens: this.#tokens, inbox: this.#inbox },
      emit: (/** @type {string} */ event, /** @type {object} */ detail) => this.#emit(event, detail),
      report: (/** @type {unknown} */ error) => this.#report(error),
    };
    this.#sync = new Sync(parts);
    this.#acts = new PendingActs({ ...parts, catchUp: () => this.#sync.catchUp() });
    this.addEventListener("live", () => this.#acts.wake());
  }

  /** @returns {InboxState} */
  get state() {
    return this.#inbox.state;
  }

  /** The inbox as it is drawn, and its counts. */
  get view() {
    return this.#inbox.view;
  }

  /** Whether the browser has a network; `state.connection` tells of the server. */
  get online() {
    return navigator.onLine;
  }

  /** All categories there are, or were at the last visit: asking loads them, and `change` tells. */
  get categories() {
    if (this.#life) this.#asking ??= this.#loadCategories();
    return this.#categories;
  }

  start() {
    if (this.#life) return;
    this.#life = new AbortController();
    const { signal } = this.#life;
    this.#paint();
    watchPage(this.#pageRoles(signal), signal);
    void this.#sync.start(signal);
    this.#acts.start(signal);
  }

  /** @param {boolean} [isSignedOut] what was kept for the next visit goes, too */
  stop(isSignedOut) {
    this.#life?.abort();
    this.#life = null;
    this.#sync.leave();
    this.#keep();
    if (isSignedOut) this.#cache.clear();
  }

  /**
   * Counts one more element and starts. Of two tokens the one that ends later is used.
   *
   * @param {Pick<ClientOptions, "token" | "onTokenExpired">} options
   */
  retain({ token, onTokenExpired }) {
    this.#holders += 1;
    if (onTokenExpired && !this.#renewals.includes(onTokenExpired)) this.#renewals.push(onTokenExpired);
    if (expiry(token) > expiry(this.#tokens.token)) this.replaceToken(token);
    this.start();
  }

  /**
   * Counts one element less; stops with the last one.
   *
   * @param {() => Promise<string>} [onTokenExpired] what `retain` was given, no longer to be asked
   * @param {boolean} [isSignedOut]
   */
  release(onTokenExpired, isSignedOut) {
    this.#renewals = this.#renewals.filter((renewal) => renewal !== onTokenExpired);
    this.#holders -= 1;
    if (this.#holders <= 0) this.stop(isSignedOut);
  }

  /**
   * Takes the token if it is the same user's.
   *
   * @param {string} token
   * @returns {boolean} false: make a new client
   */
  replaceToken(token) {
    if (identity(token) !== identity(this.#tokens.token)) return false;
    this.#tokens.replace(token);
    this.retry();
    return true;
  }

  /** Tries again now what failed or waits. */
  retry() {
    this.#acts.wake();
    this.#sync.retry();
  }

  /**
   * A list over the same rows as all others, the same object for the same filter.
   *
   * @param {Partial<Filter>} [filter]
   * @returns {InboxList}
   */
  list({ category = null, status = "all" } = {}) {
    const filter = { category, status };
    const key = keyOf(filter);
    let list = this.#lists.get(key);
    if (!list) {
      list = new InboxList(filter, this.#inbox, this.#api, (error) => this.#report(error));
      this.#lists.set(key, list);
    }
    if (this.#life) list.open(this.#life.signal);
    return list;
  }

  /** The next page of the inbox. */
  loadMore() {
    return this.list().loadMore();
  }

  /**
   * Shows the mark at once, and tells the server.
   *
   * @param {Mark} mark
   * @param {string | null} id null for all
   * @returns {Promise<boolean>} false: refused, and taken back; what waits for the network is true
   */
  mark(mark, id) {
    return this.#acts.put({ mark, id });
  }

  /**
   * @param {MarkOfAll} mark
   * @param {{ category?: string | null }} [which] only those of this category
   */
  markAll(mark, { category = null } = {}) {
    return this.#acts.put({ mark, id: null, category });
  }

  /**
   * Tells that the user followed it; it is then read.
   *
   * @param {string} id
   */
  clicked(id) {
    return this.#acts.put({ mark: "clicked", id });
  }

  /**
   * Puts one off: it comes back then, unread and at the top.
   *
   * @param {string} id
   * @param {string} until RFC 3339, within a year
   */
  snooze(id, until) {
    return this.#acts.put({ mark: "snooze", id, until });
  }

  /**
   * Brings one back before its time, to its old place.
   *
   * @param {string} id
   */
  unsnooze(id) {
    return this.#acts.put({ mark: "unsnooze", id });
  }

  /**
   * Makes each notification of a group a row of its own.
   *
   * @param {string} id the row that stands for the group
   */
  ungroup(id) {
    return this.#acts.put({ mark: "ungroup", id });
  }

  /**
   * All notifications that a row stands for, newest first, itself too.
   *
   * @param {string} id
   * @returns {Promise<Notification[]>}
   */
  async members(id) {
    const response = await this.request(`/notifications/${encodeURIComponent(id)}/group`);
    return (await response.json()).data;
  }

  /**
   * Any call of the API for this user, with the token and its renewal.
   *
   * @param {string} path after `/api`
   * @param {RequestInit} [options]
   * @returns {Promise<Response>} always a 2xx; rejects with an `ApiError`
   */
  request(path, options = {}) {
    return this.#api.request(path, options);
  }

  /** What is known without the network. */
  #paint() {
    const inbox = this.#cache.read();
    if (!inbox || this.#inbox.state.phase === "ready") return;
    this.#inbox.dispatch({ type: "cached", inbox });
    this.#categories = inbox.categories;
  }

  /** @param {AbortSignal} signal */
  #pageRoles(signal) {
    const sync = this.#sync;
    return {
      shown: () => sync.shown(),
      hidden: () => sync.hidden(),
      online: () => this.#onOnline(),
      offline: () => this.#emit("change", {}),
      // A page in the back/forward cache must hold neither lock nor connection.
      left: () => (sync.leave(), this.#keep()),
      back: () => void sync.start(signal),
      woke: () => (this.#acts.wake(), sync.woke()),
      tick: () => sync.checkLeader(),
      stored: (/** @type {string | null} */ key) => this.#acts.onStored(key),
    };
  }

  #onOnline() {
    this.#acts.wake();
    this.#sync.online();
    this.#emit("change", {});
  }

  async #loadCategories() {
    try {
      const response = await this.request("/channels/user_preferences");
      this.#categories = (await response.json()).categories;
      this.#onChange();
    } catch (error) {
      this.#asking = null;
      this.#report(error);
    }
  }

  async #renew() {
    this.#emit("token-expired", {});
    for (const renewal of this.#renewals.toReversed()) {
      const token = await renewal().catch(() => null);
      if (token) return token;
    }
    throw new Error();
  }

  #onChange() {
    if (this.#life) this.#caching ??= setTimeout(() => this.#keep(), CACHE_AFTER_MS);
    this.#emit("change", {});
  }

  #keep() {
    clearTimeout(this.#caching);
    this.#caching = undefined;
    if (this.#inbox.state.phase === "ready") this.#cache.write(this.#inbox.state, this.#categories);
  }

  /** @param {unknown} error */
  #report(error) {
    if (this.#life) this.#emit("error", { error });
  }

  /**
   * @param {string} name
   * @param {object} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}

/** Pages in a sandbox have none. */
function ownStorage() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}
