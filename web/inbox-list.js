/**
 * One list: the inbox or a part of it, and its loading.
 *
 * @import { Api } from "./api.js"
 * @import { Inbox } from "./inbox.js"
 * @import { Filter } from "./types.js"
 */
import { keyOf, rangeOf } from "./lists.js";
import { isApart } from "./status.js";

export class InboxList {
  #filter;
  #key;
  #inbox;
  #api;
  #report;
  #signal = AbortSignal.abort();

  /**
   * @param {Filter} filter
   * @param {Inbox} inbox
   * @param {Api} api
   * @param {(error: unknown) => void} report
   */
  constructor(filter, inbox, api, report) {
    this.#filter = filter;
    this.#key = keyOf(filter);
    this.#inbox = inbox;
    this.#api = api;
    this.#report = report;
  }

  /** What it shows now, newest first. */
  get items() {
    return this.#inbox.items(this.#filter);
  }

  /** "failed": nothing could be loaded; `loadMore` tries again. */
  get phase() {
    const { phase } = isApart(this.#filter) ? this.#range : this.#inbox.state;
    return phase === "cached" ? "ready" : phase;
  }

  get hasMore() {
    return this.#range.next !== null;
  }

  /** How the next page stands. */
  get more() {
    return this.#range.more;
  }

  /**
   * Is shown from now on, until `signal` aborts.
   *
   * @param {AbortSignal} signal
   */
  open(signal) {
    this.#signal = signal;
    const { lists } = this.#inbox.state;
    const filter = this.#filter;
    const isInbox = filter.status === "all" && filter.category === null;
    if (!isInbox && !lists.has(this.#key)) this.#inbox.dispatch({ type: "list-opened", filter });
    if (this.#range.phase === "loading" && isApart(filter)) void this.loadMore();
  }

  async loadMore() {
    const { next, more, phase } = this.#range;
    const isFirst = isApart(this.#filter) && phase !== "ready";
    if (more === "loading" || !(next || isFirst)) return;
    this.#inbox.dispatch({ type: "more-loading", list: this.#key });
    try {
      const page = await this.#api.page(this.#signal, { ...this.#filter, after: next });
      // A reload in between made this page a page of another list.
      if (this.#range.next === next) this.#inbox.dispatch({ type: "more-loaded", list: this.#key, page });
    } catch (error) {
      this.#inbox.dispatch({ type: "more-failed", list: this.#key });
      this.#report(error);
    }
  }

  get #range() {
    return rangeOf(this.#inbox.state, this.#key);
  }
}
