/**
 * The headless half of the bell: one user's inbox, kept in step with the server.
 *
 * It loads the cursor, then the list, then follows the stream from the cursor, so nothing falls in
 * between. Acts show at once and are taken back when the server refuses. Draws nothing.
 *
 * @import { Act, Changes, Connection, InboxEvent, InboxState, InboxView, Mark, TabMessage } from "./types.js"
 */
import { Api, ApiError } from "./api.js";
import { arrivals, emptyInbox, madeElsewhere, newestSeq, reduce, view } from "./inbox-state.js";
import { backoff, Pause } from "./pause.js";
import { follow } from "./stream.js";
import { Tabs } from "./tabs.js";
import { identity, Tokens } from "./tokens.js";

/** A tab that nobody looks at gives its stream back after this time. */
const HIDDEN_MS = 5 * 60_000;
/** A leader tells the others at least every 30 s that it lives. */
const LEADER_SILENCE_MS = 50_000;

/**
 * @typedef {object} ClientOptions
 * @property {string} serverUrl
 * @property {string} token
 * @property {() => Promise<string>} [onTokenExpired] answers with a fresh token
 */

/**
 * Events: `change` (draw again), `loaded`, `received`, `synced` (detail: notifications), `marked` (detail:
 * mark, notification or null for all), `token-expired`, `error` (detail: error).
 */
export class InboxClient extends EventTarget {
  #api;
  #tokens;
  #tabs;
  #state = emptyInbox;
  #pause = new Pause();
  /** @type {AbortController | null} */
  #life = null;
  /** @type {Promise<void> | null} */
  #loading = null;
  /** @type {Promise<void> | null} */
  #catchingUp = null;
  /** Cursor that the leader has reached; ours may be behind. */
  #target = 0;
  #heardAt = 0;
  /** @type {Map<Act, Promise<boolean>>} */
  #running = new Map();

  /** @param {ClientOptions} options */
  constructor({ serverUrl, token, onTokenExpired }) {
    super();
    this.#tokens = new Tokens(token, () => {
      this.#emit("token-expired", {});
      return onTokenExpired ? onTokenExpired() : Promise.reject(new Error("no renewal"));
    });
    this.#api = new Api(serverUrl, this.#tokens);
    this.#tabs = new Tabs(`notifybell ${serverUrl} ${identity(token)}`, {
      lead: (signal) => this.#lead(signal),
      hear: (message) => this.#hear(message),
    });
  }

  /** @returns {InboxState} */
  get state() {
    return this.#state;
  }

  /** @returns {InboxView} */
  get view() {
    return view(this.#state);
  }

  start() {
    if (this.#life) return;
    this.#life = new AbortController();
    this.#watchPage(this.#life.signal);
    void this.#resume();
  }

  stop() {
    this.#life?.abort();
    this.#life = null;
    this.#tabs.leave();
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
    this.#pause.wake();
    if (this.#state.connection !== "signed-out") return;
    this.#connected("reconnecting");
    this.#tabs.resign();
    this.#tabs.stand();
  }

  async loadMore() {
    const { next, more } = this.#state;
    if (!this.#life || !next || more === "loading") return;
    this.#dispatch({ type: "more-loading" });
    try {
      const page = await this.#api.page(this.#life.signal, next);
      // A reload in between made this page a page of another list.
      if (this.#state.next === next) this.#dispatch({ type: "more-loaded", page });
    } catch (error) {
      this.#dispatch({ type: "more-failed" });
      this.#report(error);
    }
  }

  /**
   * Shows the mark at once, and tells the server.
   *
   * @param {Mark} mark
   * @param {string | null} id null for all
   * @returns {Promise<boolean>} false: refused, and taken back
   */
  mark(mark, id) {
    const at = new Date().toISOString();
    const act = { mark, id, upTo: newestSeq(this.#state), at };
    const before = [...this.#running].filter(([other]) => isSameRow(other, act));
    this.#dispatch({ type: "acted", act });
    const result = this.#send(act, Promise.all(before.map(([, done]) => done)));
    this.#running.set(act, result);
    return result.finally(() => this.#running.delete(act));
  }

  /**
   * @param {Act} act
   * @param {Promise<unknown>} before acts on the same row, so that the server sees them in order
   */
  async #send(act, before) {
    await before;
    try {
      await this.#api.mark(act.mark, act.id);
    } catch (error) {
      this.#dispatch({ type: "refused", act });
      this.#report(error);
      return false;
    }
    this.#dispatch({ type: "confirmed", act });
    const notification = act.id === null ? null : (this.#state.rows.get(act.id) ?? null);
    this.#emit("marked", { mark: act.mark, notification });
    return true;
  }

  async #resume() {
    this.#heardAt = Date.now();
    this.#tabs.join();
    await this.#load();
    // Not before: a tab that cannot load must not keep the lead from one that can.
    if (this.#life && document.visibilityState === "visible") this.#tabs.stand();
  }

  /** Loads everything anew; a load that runs already will do. */
  #load() {
    this.#loading ??= this.#loadUntilDone().finally(() => (this.#loading = null));
    return this.#loading;
  }

  /** Tries until it works or the client stops. */
  async #loadUntilDone() {
    const signal = this.#signal;
    if (this.#state.phase !== "ready") this.#dispatch({ type: "loading" });
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        return await this.#loadOnce(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#dispatch({ type: "failed" });
        this.#report(error);
        await this.#pause.wait(waitAfter(error, attempt), signal);
        this.#dispatch({ type: "loading" });
      }
    }
  }

  /**
   * The cursor before the list: a change in between is then in the list or after the cursor.
   *
   * @param {AbortSignal} signal
   */
  async #loadOnce(signal) {
    const changes = await this.#api.changes(signal);
    if (this.#state.phase !== "ready") this.#dispatch({ type: "counted", changes });
    const page = await this.#api.page(signal);
    this.#dispatch({ type: "counted", changes });
    this.#dispatch({ type: "loaded", page });
    this.#connected("live");
    this.#emit("loaded", {});
    if (this.#target > this.#state.seq) void this.#catchUp();
  }

  /**
   * Never rejects: it holds the lock, and its end gives it to the next tab.
   *
   * @param {AbortSignal} signal
   */
  async #lead(signal) {
    const source = { api: this.#api, tokens: this.#tokens, pause: this.#pause, sink: this.#sink() };
    try {
      await follow(source, signal);
    } catch (error) {
      this.#connected("signed-out");
      this.#report(error);
    }
  }

  /** @returns {import("./stream.js").Sink} */
  #sink() {
    return {
      cursor: () => this.#state.seq,
      changes: (changes) => {
        this.#tabs.tell({ kind: "changes", after: this.#state.seq, changes });
        this.#apply(changes);
      },
      reset: () => {
        this.#tabs.tell({ kind: "reset" });
        return this.#load();
      },
      alive: () => this.#tabs.tell({ kind: "alive" }),
      up: (isUp) => {
        const connection = isUp ? "live" : "reconnecting";
        this.#tabs.tell({ kind: "connection", connection });
        this.#connected(connection);
      },
    };
  }

  /** @param {TabMessage} message */
  #hear(message) {
    this.#heardAt = Date.now();
    if (message.kind === "connection") this.#connected(message.connection);
    else if (message.kind === "reset") void this.#load();
    else if (message.kind === "changes") this.#hearChanges(message.after, message.changes);
  }

  /**
   * @param {number} after what the leader knew before
   * @param {Changes} changes
   */
  #hearChanges(after, changes) {
    this.#target = changes.seq;
    if (this.#state.phase !== "ready") return;
    if (after > this.#state.seq) void this.#catchUp();
    else if (changes.seq >= this.#state.seq) this.#apply(changes);
  }

  /** @param {Changes} changes */
  #apply(changes) {
    const received = arrivals(this.#state, changes);
    const synced = madeElsewhere(this.#state, changes);
    this.#dispatch({ type: "changed", changes });
    if (received.length) this.#emit("received", { notifications: received });
    if (synced.length) this.#emit("synced", { notifications: synced });
  }

  /** Asks for what this tab has missed; one question at a time. */
  #catchUp() {
    this.#catchingUp ??= this.#fetchChanges()
      .catch((error) => this.#report(error))
      .finally(() => (this.#catchingUp = null));
    return this.#catchingUp;
  }

  async #fetchChanges() {
    const signal = this.#signal;
    for (;;) {
      const after = this.#state.seq;
      const changes = await this.#api.changes(signal, after);
      if (signal.aborted) return;
      if (changes.reset) return this.#load();
      this.#apply(changes);
      // The leader may have told of more while we asked.
      const isBehind = changes.has_more || changes.seq < this.#target;
      if (!isBehind || this.#state.seq === after) return;
    }
  }

  /** @param {AbortSignal} signal */
  #watchPage(signal) {
    const silence = setInterval(() => this.#checkSilence(), LEADER_SILENCE_MS / 2);
    signal.addEventListener("abort", () => clearInterval(silence));
    document.addEventListener("visibilitychange", () => this.#onVisibility(signal), { signal });
    addEventListener("online", () => this.#onOnline(), { signal });
    addEventListener("offline", () => this.#emit("change", {}), { signal });
    // A page in the back/forward cache must hold neither lock nor connection.
    addEventListener("pagehide", () => this.#tabs.leave(), { signal });
    addEventListener("pageshow", (event) => event.persisted && void this.#resume(), { signal });
  }

  /** @param {AbortSignal} signal */
  #onVisibility(signal) {
    if (document.visibilityState === "visible") return this.#onShown();
    const timer = setTimeout(() => this.#tabs.resign(), HIDDEN_MS);
    const back = () => clearTimeout(timer);
    document.addEventListener("visibilitychange", back, { once: true, signal });
  }

  #onShown() {
    this.#pause.wake();
    if (this.#state.phase !== "ready") return;
    this.#tabs.stand();
    if (!this.#tabs.isLeading) void this.#catchUp();
  }

  /** A stream may not have noticed that its line was cut; asking costs one small request. */
  #onOnline() {
    this.#pause.wake();
    this.#emit("change", {});
    if (this.#state.phase === "ready") void this.#catchUp();
  }

  /** A leader that nobody has heard for long is asleep or hangs: take its place. */
  #checkSilence() {
    const isHeard = Date.now() - this.#heardAt < LEADER_SILENCE_MS;
    if (isHeard || this.#tabs.isLeading || document.visibilityState === "hidden") return;
    this.#heardAt = Date.now();
    this.#tabs.stand(true);
  }

  get #signal() {
    return this.#life?.signal ?? AbortSignal.abort();
  }

  /** @param {Connection} connection */
  #connected(connection) {
    if (this.#state.connection !== connection) this.#dispatch({ type: "connection", connection });
  }

  /** @param {InboxEvent} event */
  #dispatch(event) {
    this.#state = reduce(this.#state, event);
    this.#emit("change", {});
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

/**
 * @param {Act} one
 * @param {Act} other
 */
function isSameRow(one, other) {
  return one.id === null || other.id === null || one.id === other.id;
}

/**
 * @param {unknown} error
 * @param {number} attempt
 */
function waitAfter(error, attempt) {
  if (!(error instanceof ApiError)) return backoff(attempt);
  return error.isPassing ? (error.retryAfterMs ?? backoff(attempt)) : Infinity;
}
