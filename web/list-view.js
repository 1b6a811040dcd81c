/**
 * The list: keyed rows, one of which Tab reaches, moved through with the arrow keys.
 *
 * @import { ItemContext } from "./item-view.js"
 * @import { Notification } from "./types.js"
 */
import { h } from "./dom.js";
import { ItemView } from "./item-view.js";

const LEAVE_MS = 180;

export class ListView {
  /** @type {Map<string, ItemView>} */
  #items = new Map();
  #current = "";
  #context;

  /** @param {ItemContext} context */
  constructor(context) {
    this.#context = context;
    this.element = h("ul", { part: "list", class: "list", role: "list" });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("focusin", (event) => this.#onFocus(event));
  }

  /** @param {Notification[]} notifications */
  update(notifications) {
    const focused = this.#focusedId();
    const order = [...this.#items.keys()];
    const wanted = new Set(notifications.map(({ id }) => id));
    for (const id of order) if (!wanted.has(id)) this.#remove(id);
    this.#arrange(notifications);
    const isLost = focused && !this.#items.has(focused);
    const heir = isLost ? neighbour(order, focused, wanted) : undefined;
    if (isLost || !this.#items.has(this.#current)) this.#setCurrent(heir ?? notifications[0]?.id);
    if (heir) this.focus();
  }

  /** @param {number} now epoch ms */
  tick(now) {
    for (const item of this.#items.values()) item.tick(now);
  }

  focus() {
    this.#items.get(this.#current)?.main.focus();
  }

  /** @param {Notification[]} notifications */
  #arrange(notifications) {
    const isFirst = this.#items.size === 0;
    /** @type {Map<string, ItemView>} */
    const arranged = new Map();
    let place = settled(this.element.firstElementChild);
    for (const notification of notifications) {
      const known = this.#items.get(notification.id);
      const item = known ?? this.#make(notification);
      known?.update(notification);
      arranged.set(notification.id, item);
      if (item.element === place) place = settled(place.nextElementSibling);
      else this.element.insertBefore(item.element, place);
      if (!known && !isFirst) enter(item.element);
    }
    this.#items = arranged;
  }

  /** @param {Notification} notification */
  #make(notification) {
    const item = new ItemView(notification, this.#context);
    item.setCurrent(false);
    return item;
  }

  /** @param {string} id */
  #remove(id) {
    const item = this.#items.get(id);
    this.#items.delete(id);
    if (item) leave(item.element);
  }

  /** @param {string | undefined} id */
  #setCurrent(id = "") {
    this.#items.get(this.#current)?.setCurrent(false);
    this.#current = id;
    this.#items.get(id)?.setCurrent(true);
  }

  #focusedId() {
    const root = /** @type {ShadowRoot} */ (this.element.getRootNode());
    const item = /** @type {HTMLElement | null | undefined} */ (root.activeElement?.closest(".item"));
    return item?.dataset.id;
  }

  /** @param {FocusEvent} event */
  #onFocus(event) {
    const item = /** @type {HTMLElement} */ (event.target).closest(".item");
    if (item instanceof HTMLElement) this.#setCurrent(item.dataset.id);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const notification = this.#items.get(this.#current)?.notification;
    if (!notification) return;
    const { actions } = this.#context;
    if (event.key === "e") actions.archive(notification);
    else if (event.key === "u") actions.toggleRead(notification);
    else if (!this.move(event.key)) return;
    event.preventDefault();
  }

  /**
   * Moves the focus for an arrow key, Home or End.
   *
   * @param {string} key
   * @returns {boolean} false for other keys, and when there is nothing to move to
   */
  move(key) {
    const ids = [...this.#items.keys()];
    const at = this.#focusedId() ? ids.indexOf(this.#current) : -1;
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: ids.length - 1 }[key];
    if (to === undefined || !ids.length) return false;
    this.#setCurrent(ids[Math.max(0, Math.min(to, ids.length - 1))]);
    this.focus();
    return true;
  }
}

/**
 * The next row that stays, or else the one before.
 *
 * @param {string[]} order
 * @param {string} gone
 * @param {Set<string>} staying
 */
function neighbour(order, gone, staying) {
  const at = order.indexOf(gone);
  const candidates = [...order.slice(at), ...order.slice(0, at).reverse()];
  return candidates.find((id) => staying.has(id));
}

/**
 * Skips rows that are on their way out.
 *
 * @param {Element | null} element
 */
function settled(element) {
  let place = element;
  while (place instanceof HTMLElement && place.inert) place = place.nextElementSibling;
  return place;
}

/** @param {HTMLElement} element */
function isStill(element) {
  return !element.offsetParent || matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** @param {HTMLElement} element */
function enter(element) {
  if (isStill(element)) return;
  const from = { opacity: 0, transform: "translateY(-0.5em)" };
  element.animate([from, {}], { duration: 220, easing: "ease-out" });
}

/** @param {HTMLElement} element */
function leave(element) {
  if (isStill(element)) return element.remove();
  element.inert = true;
  const from = { height: `${element.offsetHeight}px`, overflow: "clip" };
  const to = { height: 0, minHeight: 0, paddingBlock: 0, opacity: 0, overflow: "clip" };
  const animation = element.animate([from, to], { duration: LEAVE_MS, easing: "ease-in-out" });
  animation.onfinish = () => element.remove();
}
