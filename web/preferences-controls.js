/** What the sections of the preference centre are made of. */
import { h } from "./dom.js";

/** A time is typed digit by digit, and each digit is a change. */
const TYPING_MS = 700;

/**
 * @param {string} label
 * @param {(isOn: boolean) => void} onChange
 */
export function toggle(label, onChange) {
  const attributes = { type: "checkbox", role: "switch", part: "switch", class: "switch" };
  const input = h("input", { ...attributes, "aria-label": label });
  input.addEventListener("change", () => onChange(input.checked));
  return input;
}

/**
 * @param {string} part
 * @param {string} text
 * @param {() => void} onClick
 */
export function textButton(part, text, onClick) {
  const made = h("button", { type: "button", part, class: "act" }, text);
  made.addEventListener("click", onClick);
  return made;
}

/**
 * @param {string} title
 * @param {string} hint
 * @param {(Node | string)[]} children
 */
export function section(title, hint, ...children) {
  const head = h("div", { class: "head" }, h("h2", { part: "heading", class: "heading" }, title));
  if (hint) head.append(h("p", { part: "hint", class: "hint" }, hint));
  return h("section", { part: "section", class: "section", "aria-label": title }, head, ...children);
}

/**
 * @param {string} label
 * @param {HTMLElement} control
 */
export function field(label, control) {
  return h("label", { part: "field", class: "field" }, h("span", {}, label), control);
}

/** A time of day; says so once nobody types any more. */
export class TimeField {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #typing;
  input = h("input", { type: "time", part: "time", class: "input" });

  /**
   * @param {string} label
   * @param {() => void} onChange
   */
  constructor(label, onChange) {
    this.element = field(label, this.input);
    const done = () => {
      if (this.#typing === undefined) return;
      clearTimeout(this.#typing);
      this.#typing = undefined;
      onChange();
    };
    this.input.addEventListener("blur", done);
    this.input.addEventListener("change", () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(done, TYPING_MS);
    });
  }

  get value() {
    return this.input.value;
  }

  /** Leaves alone what is being typed. */
  set value(time) {
    if (this.#typing === undefined && this.input.value !== time) this.input.value = time;
  }
}
