/**
 * The bell's panel: the popover, where it goes and when it is open. What is in it comes later, with
 * code of its own.
 *
 * @import { Placement } from "./types.js"
 */
import { h } from "./dom.js";
import { place } from "./placement.js";

/** The panel's own height is not known before it is shown. */
const WISHED_HEIGHT = 480;

/**
 * @typedef {object} PanelCalls
 * @property {() => void} opening before the first frame
 * @property {() => void} opened
 * @property {() => void} closed
 */

export class PanelView {
  #bell;
  #anchor;
  #calls;
  #whileOpen = new AbortController();
  element = h("div", panelAttributes);

  /**
   * @param {HTMLElement} bell the element
   * @param {HTMLElement} anchor its button
   * @param {PanelCalls} calls
   */
  constructor(bell, anchor, calls) {
    this.#bell = bell;
    this.#anchor = anchor;
    this.#calls = calls;
    this.element.addEventListener("beforetoggle", (event) => this.#onToggling(event));
    this.element.addEventListener("toggle", (event) => this.#onToggled(event));
    // Whoever walks on with Tab is not to find it over what has the focus next.
    this.element.addEventListener("focusout", ({ relatedTarget: to }) => {
      if (to instanceof Node && !bell.contains(to) && !bell.shadowRoot?.contains(to)) this.hide();
    });
  }

  get isOpen() {
    return this.element.matches(":popover-open");
  }

  show() {
    if (!this.isOpen) this.element.showPopover();
  }

  hide() {
    if (this.isOpen) this.element.hidePopover();
  }

  /** The page took the bell out: nothing is open any more. */
  drop() {
    this.#whileOpen.abort();
  }

  /** @param {ToggleEvent} event */
  #onToggling({ newState }) {
    this.#anchor.ariaExpanded = String(newState === "open");
    if (newState === "open") return this.#opening();
    this.#whileOpen.abort();
    const root = /** @type {ShadowRoot} */ (this.element.getRootNode());
    if (this.element.contains(root.activeElement)) this.#anchor.focus();
  }

  #opening() {
    this.#place();
    // Not in the markup: there it would ask for the focus when the page loads.
    this.element.autofocus = true;
    this.#whileOpen = new AbortController();
    const { signal } = this.#whileOpen;
    addEventListener("resize", () => this.#place(), { signal });
    addEventListener("scroll", () => this.#place(), { signal, capture: true, passive: true });
    this.#calls.opening();
  }

  /** @param {ToggleEvent} event */
  #onToggled({ newState }) {
    if (newState === "open") this.#calls.opened();
    else this.#calls.closed();
  }

  #place() {
    const { element } = this;
    const { inlineSize } = getComputedStyle(element);
    const viewport = { width: document.documentElement.clientWidth, height: innerHeight };
    const wished = /** @type {Placement} */ (this.#bell.getAttribute("placement") ?? "bottom-end");
    const isRtl = getComputedStyle(this.#bell).direction === "rtl";
    const size = { width: parseFloat(inlineSize), height: WISHED_HEIGHT };
    const at = place(this.#anchor.getBoundingClientRect(), size, viewport, wished, isRtl);
    for (const side of /** @type {const} */ (["left", "top", "bottom"])) {
      element.style.setProperty(`--_${side}`, at[side] === null ? "auto" : `${at[side]}px`);
    }
    element.style.setProperty("--_room", `${at.height}px`);
    element.style.setProperty("--_side", at.top === null ? "-1" : "1");
  }
}

const panelAttributes = {
  part: "panel",
  class: "panel",
  id: "panel",
  popover: "auto",
  role: "dialog",
  tabindex: "-1",
};
