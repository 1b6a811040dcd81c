/** One story's element in a page, and the hands that bring its state about. */
import { openSandbox } from "./sandbox.js";

/** @import { Story } from "./stories.js" */

const PATIENCE_MS = 5000;

/**
 * @param {() => unknown} condition
 * @param {string} what
 */
export async function until(condition, what) {
  const end = performance.now() + PATIENCE_MS;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

export class Stage {
  /** @type {HTMLElement} */
  element;
  /** @type {ReturnType<typeof openSandbox>} */
  sandbox;

  /** @param {Story} story */
  constructor({ tag, world, attributes = {}, dress, browser }) {
    browser?.();
    this.sandbox = openSandbox(world);
    this.element = document.createElement(tag);
    const all = { ...this.sandbox.attributes, ...attributes };
    for (const [name, value] of Object.entries(all)) this.element.setAttribute(name, value);
    dress?.(this.element);
  }

  /** @param {string} part */
  #all(part) {
    const found = this.element.shadowRoot?.querySelectorAll(`[part~="${part}"]`) ?? [];
    return [...found].filter((one) => /** @type {HTMLElement} */ (one).checkVisibility());
  }

  /**
   * Waits until so many of a part are to be seen.
   *
   * @param {string} part
   * @param {number} [count]
   */
  async see(part, count = 1) {
    await until(() => this.#all(part).length >= count, `${count} ${part}`);
  }

  /**
   * @param {string} part
   * @param {RegExp} text
   */
  async seeText(part, text) {
    await until(() => this.#all(part).some((one) => text.test(one.textContent ?? "")), `${part} saying ${text}`);
  }

  /**
   * @param {string} part
   * @param {number} [number] which of several
   */
  async click(part, number = 0) {
    await this.see(part, number + 1);
    /** @type {HTMLElement} */ (this.#all(part)[number]).click();
  }

  /** A key, where the focus is. @param {string} key */
  async press(key) {
    const focused = this.element.shadowRoot?.activeElement;
    const target = focused ?? this.#all("body")[0] ?? this.element;
    target.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, composed: true, cancelable: true }));
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }

  /**
   * @param {string} part
   * @param {number} by pixels
   */
  async scroll(part, by) {
    this.#all(part)[0]?.scrollBy(0, by);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }

  /** Waits until the stream is open. */
  async live() {
    await until(() => this.sandbox.isHeard, "a stream");
  }
}
