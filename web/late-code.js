/**
 * Code that an element fetches when it needs it, and again after it did not come.
 *
 * @import { InboxElement } from "./inbox-element.js"
 */
import { h } from "./dom.js";

/**
 * @template T
 * @typedef {object} LateCodeOptions
 * @property {InboxElement} element
 * @property {() => Promise<T>} load
 * @property {() => string} failed what is said when it did not come
 * @property {(problem: HTMLElement) => void} place puts what is shown without the code into the element
 * @property {(code: T) => void} arrived
 */

/** @template T */
export class LateCode {
  #options;
  #isFetching = false;
  #hasArrived = false;
  /** @type {HTMLElement | null} */
  #problem = null;

  /** @param {LateCodeOptions<T>} options */
  constructor(options) {
    this.#options = options;
  }

  /** Does nothing where it is there, or on its way. */
  async fetch() {
    if (this.#hasArrived || this.#isFetching) return;
    const { element, load, arrived } = this.#options;
    this.#isFetching = true;
    try {
      const code = await load();
      this.#hasArrived = true;
      const hadFocus = this.#clear();
      arrived(code);
      // What can take it is what the keys are for.
      if (hadFocus) /** @type {HTMLElement | null} */ (element.root.querySelector("[tabindex]"))?.focus();
    } catch (error) {
      this.#show();
      element.fire("notify-error", { error });
    } finally {
      this.#isFetching = false;
    }
  }

  /** In the words of now. */
  retell() {
    if (this.#problem) this.#show();
  }

  #show() {
    const hadFocus = this.#clear();
    const { element, failed, place } = this.#options;
    const again = h("button", { type: "button", part: "retry", class: "again" }, element.texts.retry);
    again.addEventListener("click", () => void this.fetch());
    this.#problem = h("div", { part: "error", class: "unloaded", role: "alert" }, h("p", {}, failed()), again);
    place(this.#problem);
    if (hadFocus) again.focus();
  }

  /** Tells whether the focus was in it. */
  #clear() {
    const hadFocus = this.#problem?.matches(":focus-within");
    this.#problem?.remove();
    this.#problem = null;
    return hadFocus;
  }
}
