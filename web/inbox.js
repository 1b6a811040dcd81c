/**
 * The inbox as it is now: one state, and what is drawn from it, worked out once a state.
 *
 * @import { Filter, InboxEvent, InboxState, InboxView, Notification } from "./types.js"
 */
import { emptyInbox, listed, reduce, shownRows, view } from "./inbox-state.js";
import { keyOf } from "./lists.js";

export class Inbox {
  #onChange;
  /** @type {InboxState} */
  #state = emptyInbox;
  /** @type {{ rows?: Notification[], view?: InboxView, lists: Map<string, Notification[]> }} */
  #drawn = { lists: new Map() };

  /** @param {() => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  get state() {
    return this.#state;
  }

  get view() {
    return (this.#drawn.view ??= view(this.#state, this.#rows));
  }

  /** @param {Filter} filter */
  items(filter) {
    const { lists } = this.#drawn;
    const key = keyOf(filter);
    const items = lists.get(key) ?? listed(this.#state, filter, this.#rows);
    lists.set(key, items);
    return items;
  }

  /** @param {InboxEvent} event */
  dispatch(event) {
    this.#state = reduce(this.#state, event);
    this.#drawn = { lists: new Map() };
    this.#onChange();
  }

  get #rows() {
    return (this.#drawn.rows ??= shownRows(this.#state));
  }
}
