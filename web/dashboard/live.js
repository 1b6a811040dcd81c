/**
 * Parts that move: `<div id="x" data-live="/dashboard/x/live">` is filled anew with what that
 * address answers, every two seconds (`data-every` in ms), while the page can be seen. What stayed
 * the same is left alone, and so is what somebody selects or has opened.
 *
 * The HTML is this server's own, escaped by its templates: the one place where text becomes HTML.
 *
 * @typedef {{ createHTML(html: string): string }} Policy
 */

import { showTimes } from "./times.js";

const EVERY_MS = 2000;
const LONGEST_MS = 30_000;

const scope = /** @type {{ trustedTypes?: { createPolicy(name: string, rules: Policy): Policy } }} */ (
  /** @type {unknown} */ (globalThis)
);
const trusted = scope.trustedTypes?.createPolicy("notifybell-dashboard", {
  createHTML: (html) => html,
});

/** @param {string} html */
function parse(html) {
  const page = new DOMParser().parseFromString(trusted ? trusted.createHTML(html) : html, "text/html");
  return page.body;
}

class LivePart {
  /** @type {string | null} */
  #shown = null;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.element = element;
    this.url = element.dataset["live"] ?? "";
    this.everyMs = Number(element.dataset["every"]) || EVERY_MS;
  }

  watch() {
    document.addEventListener("visibilitychange", () => this.#plan(0));
    this.#plan(this.everyMs);
  }

  /** @param {number} waitMs */
  #plan(waitMs) {
    clearTimeout(this.#timer);
    if (document.hidden || !this.element.isConnected) return;
    this.#timer = setTimeout(() => void this.#look(), waitMs);
  }

  async #look() {
    try {
      await this.#fetch();
      this.#failures = 0;
    } catch {
      this.#failures += 1;
    }
    tellState(this.#failures === 0);
    this.#plan(Math.min(this.everyMs * 2 ** this.#failures, LONGEST_MS));
  }

  async #fetch() {
    const response = await fetch(this.url, { redirect: "manual", cache: "no-store" });
    if (response.type === "opaqueredirect") location.reload(); // signed out meanwhile
    if (!response.ok) throw new Error(String(response.status));
    const html = await response.text();
    if (html === this.#shown || this.#isHeld()) return;
    this.#shown = html;
    this.#show(parse(html));
  }

  /** Somebody marks text here, or uses a control. */
  #isHeld() {
    const selection = getSelection();
    const marks = selection && !selection.isCollapsed && this.element.contains(selection.anchorNode);
    const active = document.activeElement;
    return marks || (active !== document.body && this.element.contains(active));
  }

  /** @param {HTMLElement} body */
  #show(body) {
    const opened = [...this.element.querySelectorAll("details[id][open]")].map((one) => one.id);
    this.element.replaceChildren(...body.childNodes);
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    showTimes(this.element);
  }
}

/** @param {boolean} isLive */
function tellState(isLive) {
  for (const state of document.querySelectorAll(".live-state")) {
    state.removeAttribute("hidden");
    state.classList.toggle("on", isLive);
    state.classList.toggle("off", !isLive);
    const text = isLive ? "Live" : "Not live: the server does not answer";
    if (state.textContent !== text) state.textContent = text;
  }
}

export function startLive() {
  const parts = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-live]"));
  for (const element of parts) new LivePart(element).watch();
}
