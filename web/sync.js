/**
 * Keeps an inbox in step with the server.
 *
 * It loads the cursor, then the list, then follows the stream from the cursor, so nothing falls in
 * between. Of all tabs one follows and tells the others; whoever has missed something asks for it.
 *
 * @import { Api } from "./api.js"
 * @import { Inbox } from "./inbox.js"
 * @import { Tokens } from "./tokens.js"
 * @import { Changes, Connection, TabMessage } from "./types.js"
 */
import { arrivals, madeElsewhere } from "./inbox-state.js";
import { Pause, waitAfter } from "./pause.js";
import { follow } from "./stream.js";
import { Tabs } from "./tabs.js";

/** A tab that nobody looks at gives its stream back after this time. */
const HIDDEN_MS = 5 * 60_000;
/** A leader tells the others at least every 30 s that it lives. */
const LEADER_SILENCE_MS = 50_000;

/**
 * @typedef {object} SyncParts
 * @property {string} name the same in all tabs of one server and user
 * @property {Api} api
 * @property {Tokens} tokens
 * @property {Inbox} inbox
 * @property {(name: string, detail: object) => void} emit
 * @property {(error: unknown) => void} report
 */

export class Sync {
  #parts;
  #inbox;
  #tabs;
  #pause = new Pause();
  #signal = AbortSignal.abort();
  /** @type {Promise<void> | null} */
  #loading = null;
  /** @type {Promise<void> | null} */
  #catchingUp = null;
  /** Cursor that the leader has reached; ours may be behind. */
  #target = 0;
  #heardAt = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hiding;

  /** @param {SyncParts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.#inbox = parts.inbox;
    this.#tabs = new Tabs(parts.name, {
      lead: (signal) => this.#lead(signal),
      hear: (message) => this.#hear(message),
    });
  }

  /**
   * Also after the page was left and has come back.
   *
   * @param {AbortSignal} signal
   */
  async start(signal) {
    this.#signal = signal;
    this.#heardAt = Date.now();
    this.#tabs.join();
    await this.#load();
    // Not before: a tab that cannot load must not keep the lead from one that can.
    if (!signal.aborted && isShown()) this.#tabs.stand();
  }

  leave() {
    clearTimeout(this.#hiding);
    this.#tabs.leave();
  }

  /** Tries again now what failed or waits. */
  retry() {
    this.#pause.wake();
    if (this.#inbox.state.connection === "signed-out") this.#followAnew();
  }

  hidden() {
    this.#hiding = setTimeout(() => this.#tabs.resign(), HIDDEN_MS);
  }

  shown() {
    clearTimeout(this.#hiding);
    this.#pause.wake();
    if (!this.#isReady) return;
    this.#tabs.stand();
    if (!this.#tabs.isLeading) void this.#catchUp();
  }

  /** A stream may not have noticed that its line was cut; asking costs one small request. */
  online() {
    this.#pause.wake();
    if (this.#isReady) void this.#catchUp();
  }

  /** After a sleep the stream's line is as good as cut. */
  woke() {
    const wasLeading = this.#tabs.isLeading;
    this.online();
    if (wasLeading) this.#followAnew();
  }

  /** A leader that nobody has heard for long is asleep or hangs: take its place. */
  checkLeader() {
    const isHeard = Date.now() - this.#heardAt < LEADER_SILENCE_MS;
    if (isHeard || this.#tabs.isLeading || !isShown()) return;
    this.#heardAt = Date.now();
    this.#tabs.stand(true);
  }

  /** Asks for what this tab has missed; one question at a time. */
  catchUp() {
    return this.#isReady ? this.#catchUp() : this.#load();
  }

  get #isReady() {
    return this.#inbox.state.phase === "ready";
  }

  #followAnew() {
    this.#connected("reconnecting");
    this.#tabs.resign();
    this.#tabs.stand();
  }

  /** Loads everything anew; a load that runs already will do. */
  #load() {
    this.#loading ??= this.#loadUntilDone(this.#signal).finally(() => (this.#loading = null));
    return this.#loading;
  }

  /**
   * Tries until it works or the client stops.
   *
   * @param {AbortSignal} signal
   */
  async #loadUntilDone(signal) {
    if (!this.#isReady) this.#inbox.dispatch({ type: "loading" });
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        return await this.#loadOnce(signal);
      } catch (error) {
        if (signal.aborted) return;
        this.#inbox.dispatch({ type: "failed" });
        this.#parts.report(error);
        await this.#pause.wait(waitAfter(error, attempt), signal);
        this.#inbox.dispatch({ type: "loading" });
      }
    }
  }

  /**
   * The cursor before the list: a change in between is then in the list or after the cursor.
   *
   * @param {AbortSignal} signal
   */
  async #loadOnce(signal) {
    const { api, emit } = this.#parts;
    const changes = await api.changes(signal);
    if (!this.#isReady) this.#inbox.dispatch({ type: "counted", changes });
    const page = await api.page(signal);
    this.#inbox.dispatch({ type: "counted", changes });
    this.#inbox.dispatch({ type: "loaded", page });
    this.#connected("live");
    emit("loaded", {});
    if (this.#target > this.#inbox.state.seq) void this.#catchUp();
  }

  /**
   * Never rejects: it holds the lock, and its end gives it to the next tab.
   *
   * @param {AbortSignal} signal
   */
  async #lead(signal) {
    const { api, tokens, report } = this.#parts;
    try {
      await follow({ api, tokens, pause: this.#pause, sink: this.#sink() }, signal);
    } catch (error) {
      this.#connected("signed-out");
      report(error);
    }
  }

  /** @returns {import("./stream.js").Sink} */
  #sink() {
    return {
      cursor: () => this.#inbox.state.seq,
      changes: (changes) => {
        this.#tabs.tell({ kind: "changes", after: this.#inbox.state.seq, changes });
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
    const { seq } = this.#inbox.state;
    this.#target = changes.seq;
    if (!this.#isReady) return;
    if (after > seq) void this.#catchUp();
    else if (changes.seq >= seq) this.#apply(changes);
  }

  /** @param {Changes} changes */
  #apply(changes) {
    const { emit } = this.#parts;
    const received = arrivals(this.#inbox.state, changes);
    const synced = madeElsewhere(this.#inbox.state, changes);
    this.#inbox.dispatch({ type: "changed", changes });
    if (received.length) emit("received", { notifications: received });
    if (synced.length) emit("synced", { notifications: synced });
  }

  #catchUp() {
    this.#catchingUp ??= this.#fetchChanges()
      .catch((error) => this.#parts.report(error))
      .finally(() => (this.#catchingUp = null));
    return this.#catchingUp;
  }

  async #fetchChanges() {
    const signal = this.#signal;
    for (;;) {
      const after = this.#inbox.state.seq;
      const changes = await this.#parts.api.changes(signal, after);
      if (signal.aborted) return;
      if (changes.reset) return this.#load();
      this.#apply(changes);
      // The leader may have told of more while we asked.
      const isBehind = changes.has_more || changes.seq < this.#target;
      if (!isBehind || this.#inbox.state.seq === after) return;
    }
  }

  /** @param {Connection} connection */
  #connected(connection) {
    if (this.#inbox.state.connection === connection) return;
    this.#inbox.dispatch({ type: "connection", connection });
    if (connection === "live") this.#parts.emit("live", {});
  }
}

function isShown() {
  return document.visibilityState === "visible";
}
