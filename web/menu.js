/**
 * The snooze menu: a popover of its own beside the row's button, closed by Esc or a click elsewhere.
 *
 * @import { Labels } from "./types.js"
 */
import { button, h } from "./dom.js";
import { moved, moveOf } from "./keyboard.js";
import { localMinute, snoozeChoices, snoozeTime } from "./snooze-times.js";

const MENU_EDGE = 8;
/** Nobody means to sleep for less. */
const SHORTEST_SNOOZE_MS = 60_000;

export class SnoozeMenu {
  #labels;
  #locale;
  #onChosen = (/** @type {Date} */ _until) => {};
  /** @type {HTMLElement | null} */
  #opener = null;
  /** @type {HTMLElement | null} */
  #focused = null;
  #whileOpen = new AbortController();
  element = h("div", { part: "menu", class: "menu", popover: "auto", role: "dialog" });

  /**
   * @param {Labels} labels
   * @param {string} locale
   */
  constructor(labels, locale) {
    this.#labels = labels;
    this.#locale = locale;
    this.element.ariaLabel = labels.snooze;
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
    this.element.addEventListener("beforetoggle", (event) => this.#onToggling(event));
    this.element.addEventListener("focusout", ({ relatedTarget: to }) => {
      // Whoever walks on is not to find it over what has the focus next. Without an opener it is
      // closing already, which is what moved the focus.
      if (this.#opener && to instanceof Node && !this.element.contains(to)) this.element.hidePopover();
    });
  }

  /**
   * @param {HTMLElement} opener the button it opens from, which gets the focus back
   * @param {(until: Date) => void} onChosen
   */
  open(opener, onChosen) {
    this.#onChosen = onChosen;
    this.#opener = opener;
    this.#focused = this.#active;
    opener.ariaExpanded = "true";
    const now = new Date();
    this.element.replaceChildren(this.#choices(now), this.#ownTime(now));
    this.element.showPopover();
    this.#place(opener);
    this.#whileOpen = new AbortController();
    addEventListener("resize", () => this.#place(opener), { signal: this.#whileOpen.signal });
    this.#items[0]?.focus();
  }

  /** @param {Date} now */
  #choices(now) {
    const rows = snoozeChoices(now).map(({ name, until }) => {
      const time = h("span", { class: "when" }, snoozeTime(until, now, this.#locale));
      const label = this.#labels[name];
      const choice = h("button", { type: "button", part: "menu-item", class: "menu-item", role: "menuitem" });
      choice.append(h("span", {}, label), time);
      choice.addEventListener("click", () => this.#choose(until));
      return choice;
    });
    return h("div", { part: "menu-items", role: "menu", "aria-label": this.#labels.snooze }, ...rows);
  }

  /** @param {Date} now */
  #ownTime(now) {
    const { pickTime, snooze } = this.#labels;
    const earliest = new Date(now.getTime() + SHORTEST_SNOOZE_MS);
    const value = localMinute(new Date(now.getTime() + 86_400_000));
    const attributes = { type: "datetime-local", part: "menu-time", class: "menu-time", required: "" };
    const input = h("input", { ...attributes, value, min: localMinute(earliest), "aria-label": pickTime });
    const done = button("menu-done", snooze, snooze);
    const form = h("form", { part: "menu-form", class: "menu-form" }, h("span", {}, pickTime), input, done);
    done.setAttribute("type", "submit");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#choose(new Date(input.value));
    });
    return form;
  }

  /** @param {Date} until */
  #choose(until) {
    this.element.hidePopover();
    this.#onChosen(until);
  }

  /** @type {HTMLElement[]} */
  get #items() {
    return [...this.element.querySelectorAll("button, input")].map((item) => /** @type {HTMLElement} */ (item));
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const move = moveOf(event);
    // The list around it must not hear what is meant for the menu.
    if (event.key !== "Escape") event.stopPropagation();
    if (!move) return;
    const items = this.#items;
    const at = this.#active ? items.indexOf(this.#active) : -1;
    items[moved(move, at, items.length)]?.focus();
    event.preventDefault();
  }

  get #active() {
    const root = /** @type {ShadowRoot} */ (this.element.getRootNode());
    return /** @type {HTMLElement | null} */ (root.activeElement);
  }

  /**
   * The browser gives the focus back only when no other popover, such as the panel, is open.
   *
   * @param {ToggleEvent} event
   */
  #onToggling({ newState }) {
    if (newState === "open" || !this.#opener) return;
    this.#whileOpen.abort();
    this.#opener.ariaExpanded = "false";
    this.#opener = null;
    if (this.element.contains(this.#active)) this.#focused?.focus({ preventScroll: true });
  }

  /** @param {HTMLElement} opener */
  #place(opener) {
    const anchor = opener.getBoundingClientRect();
    const { offsetWidth: width, offsetHeight: height } = this.element;
    const isRtl = getComputedStyle(opener).direction === "rtl";
    const left = isRtl ? anchor.left : anchor.right - width;
    const isBelow = anchor.bottom + height + MENU_EDGE <= innerHeight;
    const top = isBelow ? anchor.bottom + 4 : anchor.top - height - 4;
    const { style } = this.element;
    style.left = `${Math.max(MENU_EDGE, Math.min(left, innerWidth - width - MENU_EDGE))}px`;
    style.top = `${Math.max(MENU_EDGE, Math.min(top, innerHeight - height - MENU_EDGE))}px`;
  }
}
