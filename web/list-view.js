/**
 * The list: however long, only what is near the view is in the page.
 *
 * The rows in the page lie in normal flow; the first of them has a margin as high as all rows before
 * it. What the reader looks at stays where it is when rows come, go or turn out higher than thought.
 *
 * @import { ItemContext } from "./item-view.js"
 * @import { Notification } from "./types.js"
 */
import { h } from "./dom.js";
import { ItemView } from "./item-view.js";
import { itemActOf, moved, moveOf } from "./keyboard.js";
import { Heights, Layout } from "./list-window.js";
import { enter, leave, settled } from "./row-motion.js";

/** Rows in the page at most. */
const MOST_DRAWN = 50;
const MARGIN_PX = 500;
/** A guess of the view's height while it is not shown. */
const UNSEEN_HEIGHT_PX = 700;
/** Heights settle after one pass; more are only for rows much lower than thought. */
const MOST_PASSES = 4;

/**
 * What the reader looks at: a row, and how far it lies below the top of the view.
 *
 * @typedef {{ id: string, offset: number }} Anchor
 */

export class ListView {
  /** The rows in the page. @type {Map<string, ItemView>} */
  #items = new Map();
  /** @type {readonly Notification[]} */
  #rows = [];
  /** @type {Map<string, number>} */
  #places = new Map();
  #heights = new Heights();
  #layout = new Layout([], this.#heights);
  #isComplete = true;
  #width = 0;
  #current = "";
  #context;
  #view;
  #resized = new ResizeObserver(() => this.#onResized());

  /**
   * @param {ItemContext} context
   * @param {HTMLElement} view what scrolls
   */
  constructor(context, view) {
    this.#context = context;
    this.#view = view;
    this.element = h("ul", { part: "list", class: "list", role: "list" });
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("focusin", (event) => this.#onFocus(event));
    view.addEventListener("scroll", () => this.#draw(), { passive: true });
    this.#resized.observe(view);
  }

  get isAtTop() {
    return this.#view.scrollTop < 4;
  }

  /**
   * @param {readonly Notification[]} rows newest first
   * @param {boolean} isComplete whether there is nothing more to load
   */
  update(rows, isComplete) {
    const before = this.#rows;
    const known = this.#places;
    const focused = this.#focusedId();
    this.#take(rows, isComplete);
    const anchor = this.#anchor();
    const isLost = focused !== undefined && !this.#places.has(focused);
    const heir = isLost ? neighbour(before, known.get(focused) ?? 0, this.#places) : undefined;
    if (heir) this.#current = heir;
    if (!this.#places.has(this.#current)) this.#current = rows[0]?.id ?? "";
    this.#draw(anchor, freshRows(before.at(-1), known, rows));
    if (heir) this.focus();
  }

  /** @param {number} now epoch ms */
  tick(now) {
    for (const item of this.#items.values()) item.tick(now);
  }

  focus() {
    this.#show(this.#places.get(this.#current) ?? 0);
    this.#items.get(this.#current)?.main.focus({ preventScroll: true });
  }

  scrollToTop() {
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    // A long way back is a jump: passing by thousands of rows shows nothing.
    const isFar = this.#view.scrollTop > 3 * this.#view.clientHeight;
    this.#view.scrollTo({ top: 0, behavior: isStill || isFar ? "instant" : "smooth" });
  }

  /** Everything that was drawn for it outside of the list goes, too. */
  dispose() {
    this.#resized.disconnect();
    for (const item of this.#items.values()) item.dispose();
  }

  /**
   * @param {readonly Notification[]} rows
   * @param {boolean} isComplete
   */
  #take(rows, isComplete) {
    this.#rows = rows;
    this.#isComplete = isComplete;
    this.#places = new Map(rows.map(({ id }, index) => [id, index]));
    this.#lay();
  }

  #lay() {
    this.#layout = new Layout(this.#rows, this.#heights);
  }

  /**
   * Draws, measures, and draws again while that shows that other rows are in view.
   *
   * @param {Anchor | null} [anchor]
   * @param {Set<string>} [fresh] rows that come in with a movement
   */
  #draw(anchor = this.#anchor(), fresh = new Set()) {
    for (let pass = 0; pass < MOST_PASSES; pass++) {
      this.#arrange(this.#wanted(this.#top(anchor)), fresh);
      this.#space();
      if (!this.#measure()) break;
      this.#lay();
      this.#space();
    }
    if (anchor) this.#keep(anchor);
  }

  /** @param {Anchor | null} anchor */
  #top(anchor) {
    if (!anchor) return this.#view.scrollTop;
    return this.#layout.top(this.#places.get(anchor.id) ?? 0) - anchor.offset;
  }

  /**
   * The rows around the view and the one with the focus, in order.
   *
   * @param {number} top
   */
  #wanted(top) {
    const height = this.#view.clientHeight || UNSEEN_HEIGHT_PX;
    const { start, end } = this.#layout.around(top, height, MARGIN_PX, MOST_DRAWN);
    const rows = this.#rows.slice(start, end);
    const place = this.#places.get(this.#focusedId() ?? "");
    const focused = place === undefined ? undefined : this.#rows[place];
    if (!focused || place === undefined || (place >= start && place < end)) return rows;
    return place < start ? [focused, ...rows] : [...rows, focused];
  }

  /**
   * @param {readonly Notification[]} rows
   * @param {Set<string>} fresh
   */
  #arrange(rows, fresh) {
    const wanted = new Set(rows.map(({ id }) => id));
    for (const id of this.#items.keys()) if (!wanted.has(id)) this.#remove(id);
    /** @type {Map<string, ItemView>} */
    const arranged = new Map();
    let place = settled(this.element.firstElementChild);
    for (const notification of rows) {
      const known = this.#items.get(notification.id);
      const item = known ?? this.#make(notification);
      known?.update(notification);
      item.number((this.#places.get(notification.id) ?? 0) + 1, this.#isComplete ? this.#rows.length : -1);
      arranged.set(notification.id, item);
      if (item.element === place) place = settled(place.nextElementSibling);
      else this.element.insertBefore(item.element, place);
      if (!known && fresh.has(notification.id)) enter(item.element);
    }
    this.#items = arranged;
  }

  /** @param {Notification} notification */
  #make(notification) {
    const item = new ItemView(notification, this.#context);
    item.setCurrent(notification.id === this.#current);
    this.#resized.observe(item.element);
    return item;
  }

  /** @param {string} id */
  #remove(id) {
    const item = /** @type {ItemView} */ (this.#items.get(id));
    this.#resized.unobserve(item.element);
    item.dispose();
    if (this.#places.has(id)) item.element.remove();
    else leave(item.element);
  }

  /** Room for the rows that are not in the page. */
  #space() {
    let end = 0;
    for (const [id, { element }] of this.#items) {
      const place = /** @type {number} */ (this.#places.get(id));
      const gap = this.#layout.top(place) - end;
      element.style.marginBlockStart = gap > 0 ? `${gap}px` : "";
      end = this.#layout.top(place + 1);
    }
    const rest = this.#layout.height - end;
    this.element.style.marginBlockEnd = rest > 0 ? `${rest}px` : "";
  }

  /** @returns {boolean} whether a height is news */
  #measure() {
    let isNews = false;
    if (!this.element.offsetParent) return isNews;
    for (const [id, { element }] of this.#items) {
      // Unlike a bounding box, this does not change while the panel is being scaled in.
      const height = parseFloat(getComputedStyle(element).height);
      isNews = this.#heights.learn(id, height) || isNews;
    }
    return isNews;
  }

  /**
   * The first row in view that stays; none at the top, where what is new pushes the rest down.
   *
   * @returns {Anchor | null}
   */
  #anchor() {
    if (this.isAtTop) return null;
    const top = this.#view.getBoundingClientRect().top;
    const bottom = top + this.#view.clientHeight;
    for (const [id, { element }] of this.#items) {
      const box = element.getBoundingClientRect();
      const isInView = box.bottom > top && box.top < bottom;
      if (isInView && this.#places.has(id)) return { id, offset: box.top - top };
    }
    return null;
  }

  /** @param {Anchor} anchor */
  #keep({ id, offset }) {
    const item = this.#items.get(id);
    if (!item) return;
    const top = this.#view.getBoundingClientRect().top;
    const shift = item.element.getBoundingClientRect().top - top - offset;
    if (Math.abs(shift) >= 0.5) this.#view.scrollTop += shift;
  }

  #onResized() {
    const width = this.#view.clientWidth;
    if (!width) return;
    if (this.#width && width !== this.#width) this.#heights.forget();
    this.#width = width;
    this.#lay();
    this.#draw();
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
    if (item instanceof HTMLElement && item.dataset.id !== this.#current) this.#setCurrent(item.dataset.id);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const item = this.#items.get(this.#focusedId() ?? "");
    const act = itemActOf(event);
    if (!item || !act) return;
    if (act === "snooze") item.openSnooze();
    else this.#context.actions[act](item.notification);
    event.preventDefault();
  }

  /**
   * Moves the focus for a key.
   *
   * @param {KeyboardEvent} event
   * @returns {boolean} false for other keys, and when there is nothing to move to
   */
  move(event) {
    const move = moveOf(event);
    if (!move || !this.#rows.length) return false;
    const at = this.#places.get(this.#focusedId() ?? "") ?? -1;
    const to = moved(move, at, this.#rows.length);
    this.#show(to);
    this.#setCurrent(this.#rows[to]?.id);
    this.#items.get(this.#current)?.main.focus({ preventScroll: true });
    return true;
  }

  /**
   * Scrolls as little as it takes to have the row in view.
   *
   * @param {number} place
   */
  #show(place) {
    const id = this.#rows[place]?.id ?? "";
    if (!this.#items.has(id)) {
      this.#view.scrollTop = this.#layout.top(place) - this.#view.clientHeight / 2;
      this.#draw(null);
    }
    this.#items.get(id)?.element.scrollIntoView({ block: "nearest" });
  }
}

/**
 * The next row that stays, or else the one before.
 *
 * @param {readonly Notification[]} order
 * @param {number} at the row that is gone
 * @param {ReadonlyMap<string, number>} staying
 */
function neighbour(order, at, staying) {
  const candidates = [...order.slice(at), ...order.slice(0, at).reverse()];
  return candidates.find(({ id }) => staying.has(id))?.id;
}

/**
 * Rows that were not there before, but for those of a page that was loaded at the end.
 *
 * @param {Notification | undefined} last of those before
 * @param {ReadonlyMap<string, number>} known
 * @param {readonly Notification[]} rows
 * @returns {Set<string>}
 */
function freshRows(last, known, rows) {
  if (!last) return new Set();
  const fresh = rows.filter(({ id, place }) => place > last.place && !known.has(id));
  return new Set(fresh.map(({ id }) => id));
}
