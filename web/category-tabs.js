/** The row of tabs over the list, by category. */
import { h } from "./dom.js";

/**
 * `key` is null for the tab that hides nothing.
 *
 * @typedef {{ key: string | null, label: string }} Tab
 */

export class CategoryTabs {
  #onChosen;
  /** @type {Map<string | null, HTMLButtonElement>} */
  #buttons = new Map();
  element;

  /**
   * @param {string} name for screen readers
   * @param {(key: string | null) => void} onChosen
   */
  constructor(name, onChosen) {
    this.#onChosen = onChosen;
    this.element = h("div", { part: "tabs", class: "tabs", role: "tablist", "aria-label": name });
    this.element.hidden = true;
    this.element.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /**
   * @param {readonly Tab[]} tabs
   * @param {string | null} selected
   */
  update(tabs, selected) {
    const drawn = [...this.#buttons.keys()];
    const isSame = tabs.length === drawn.length && tabs.every(({ key }, at) => key === drawn[at]);
    if (!isSame) this.#draw(tabs);
    for (const { key, label } of tabs) {
      const tab = /** @type {HTMLButtonElement} */ (this.#buttons.get(key));
      const isSelected = key === selected;
      if (tab.textContent !== label) tab.textContent = label;
      tab.ariaSelected = String(isSelected);
      tab.tabIndex = isSelected ? 0 : -1;
      tab.part.toggle("tab-selected", isSelected);
    }
    this.element.hidden = tabs.length < 2;
  }

  /** @param {readonly Tab[]} tabs */
  #draw(tabs) {
    const focused = /** @type {HTMLElement | null} */ (this.element.querySelector(":focus"));
    this.#buttons = new Map(tabs.map(({ key }) => [key, this.#buttons.get(key) ?? this.#tab(key)]));
    this.element.replaceChildren(...this.#buttons.values());
    focused?.focus();
  }

  /** @param {string | null} key */
  #tab(key) {
    const attributes = { type: "button", part: "tab", class: "tab", role: "tab", "aria-controls": "body" };
    const tab = h("button", attributes);
    tab.addEventListener("click", () => this.#onChosen(key));
    return tab;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const isRtl = getComputedStyle(this.element).direction === "rtl";
    const [back, on] = isRtl ? ["ArrowRight", "ArrowLeft"] : ["ArrowLeft", "ArrowRight"];
    const tabs = [...this.#buttons.values()];
    const at = tabs.findIndex((tab) => tab.tabIndex === 0);
    const places = { [back]: at - 1, [on]: at + 1, Home: 0, End: tabs.length - 1 };
    const to = places[event.key];
    if (to === undefined) return;
    const tab = tabs[(to + tabs.length) % tabs.length];
    tab?.focus();
    tab?.click();
    event.preventDefault();
    event.stopPropagation();
  }
}

/**
 * The tabs that an attribute asks for: a list of keys, or "*" for all there are.
 *
 * @param {string | null} attribute null: no tabs at all
 * @param {string} all label of the first tab
 * @param {ReadonlyMap<string, string>} known labels by key
 * @returns {Tab[]}
 */
export function tabsOf(attribute, all, known) {
  if (attribute === null) return [];
  const named = attribute.split(",").map((key) => key.trim()).filter(Boolean);
  const keys = named.length && !named.includes("*") ? named : [...known.keys()];
  return [{ key: null, label: all }, ...keys.map((key) => ({ key, label: labelOf(key, known.get(key)) }))];
}

/**
 * "order_updates" → "Order updates", for a category that nobody named.
 *
 * @param {string} key
 * @param {string} [label]
 */
function labelOf(key, label = key) {
  if (label !== key) return label;
  const words = key.replace(/[_.:/-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
