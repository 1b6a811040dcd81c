/** The short line at the foot of an inbox: what has happened, and a way to undo it. */
import { button, h } from "./dom.js";

const NOTICE_MS = 6000;

export class Notice {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #leave;
  element = h("div", { part: "toast", class: "toast", role: "status" });

  /** @param {() => void} leave takes the focus when it goes with it */
  constructor(leave) {
    this.#leave = leave;
    // Whoever points at it or has the focus in it is about to act: let it stay.
    for (const type of ["pointerenter", "focusin"]) {
      this.element.addEventListener(type, () => clearTimeout(this.#timer));
    }
    for (const type of ["pointerleave", "focusout"]) {
      this.element.addEventListener(type, () => this.#startTimer());
    }
  }

  /**
   * @param {string} text
   * @param {{ label: string, run: () => void }} [remedy]
   */
  say(text, remedy) {
    this.element.replaceChildren(h("span", {}, text));
    if (remedy) this.element.append(this.#remedy(remedy));
    this.#startTimer();
  }

  hush() {
    clearTimeout(this.#timer);
    const hadFocus = this.element.matches(":focus-within");
    this.element.replaceChildren();
    if (hadFocus) this.#leave();
  }

  #startTimer() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.hush(), NOTICE_MS);
  }

  /** @param {{ label: string, run: () => void }} remedy */
  #remedy({ label, run }) {
    const undo = button("undo", label, label);
    undo.addEventListener("click", () => {
      this.hush();
      run();
    });
    return undo;
  }
}
