/**
 * The panel: heading, list, and what stands in for the list while there is none.
 *
 * @import { ItemActions, ItemContext } from "./item-view.js"
 * @import { InboxState, InboxView, Labels } from "./types.js"
 */
import { button, h, icon } from "./dom.js";
import { ListView } from "./list-view.js";

const TOAST_MS = 6000;
const SKELETON_ROWS = 4;

/**
 * @typedef {ItemActions & {
 *   markAllRead: () => void, close: () => void, retry: () => void, loadMore: () => void,
 * }} PanelActions
 * @typedef {ItemContext & { actions: PanelActions }} PanelContext
 */

export class PanelView {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #toastTimer;
  #labels;
  #observer;
  #hasMore = false;

  /** @param {PanelContext} context */
  constructor(context) {
    const { labels, actions } = context;
    this.#labels = labels;
    this.list = new ListView(context);
    this.markAll = button("mark-all", labels.markAllRead, icon("checks"), h("span", {}, labels.markAllRead));
    this.hint = h("div", { part: "hint", class: "hint", role: "status" });
    this.skeleton = skeleton(labels);
    this.empty = message("empty", icon("bell"), labels.emptyTitle, labels.emptyText);
    this.failed = message("error", icon("alert"), labels.failedTitle, labels.failedText);
    this.more = h("div", { part: "more", class: "more" });
    this.toast = h("div", { part: "toast", class: "toast", role: "status" });
    this.body = h("div", { part: "body", class: "body" });
    this.element = this.#assemble(actions);
    this.#observer = new IntersectionObserver(
      ([entry]) => entry?.isIntersecting && this.#hasMore && actions.loadMore(),
      { root: this.body, rootMargin: "300px" },
    );
  }

  /** @param {PanelActions} actions */
  #assemble(actions) {
    const close = button("close", this.#labels.close, icon("close"));
    const retry = button("retry", this.#labels.retry, this.#labels.retry);
    const title = h("h2", { part: "heading", class: "heading", id: "heading" }, this.#labels.notifications);
    const header = h("div", { part: "header", class: "header" }, title, this.markAll, close);
    this.failed.append(retry);
    this.body.append(this.skeleton, this.failed, this.empty, this.list.element, this.more);
    this.markAll.addEventListener("click", actions.markAllRead);
    close.addEventListener("click", actions.close);
    retry.addEventListener("click", actions.retry);
    this.more.addEventListener("click", actions.loadMore);
    const panel = h("div", panelAttributes, header, this.hint, this.body, this.toast);
    panel.addEventListener("keydown", (event) => this.#onKey(event));
    return panel;
  }

  /**
   * @param {InboxState} state
   * @param {InboxView} view
   */
  update(state, view) {
    const hasItems = view.items.length > 0;
    this.list.update(view.items);
    this.list.element.hidden = !hasItems;
    this.skeleton.hidden = hasItems || state.phase !== "loading";
    this.failed.hidden = hasItems || state.phase !== "failed";
    this.empty.hidden = hasItems || state.phase !== "ready" || state.next !== null;
    this.markAll.hidden = view.unreadCount === 0;
    this.#updateHint(state);
    this.#updateMore(state);
  }

  /**
   * A line at the foot of the panel, for a while.
   *
   * @param {string} text
   * @param {{ label: string, run: () => void }} [remedy]
   */
  say(text, remedy) {
    clearTimeout(this.#toastTimer);
    this.toast.replaceChildren(h("span", {}, text));
    if (remedy) this.toast.append(this.#remedy(remedy));
    this.#toastTimer = setTimeout(() => this.toast.replaceChildren(), TOAST_MS);
  }

  /** @param {{ label: string, run: () => void }} remedy */
  #remedy({ label, run }) {
    const element = button("undo", label, label);
    element.addEventListener("click", () => {
      this.toast.replaceChildren();
      run();
    });
    return element;
  }

  /** @param {InboxState} state */
  #updateHint({ connection, phase }) {
    const { signedOut, offline, reconnecting } = this.#labels;
    const isDown = connection === "reconnecting" || !navigator.onLine;
    const waiting = navigator.onLine ? reconnecting : offline;
    const text = connection === "signed-out" ? signedOut : isDown && phase === "ready" ? waiting : "";
    if (this.hint.textContent !== text) this.hint.textContent = text;
  }

  /** @param {InboxState} state */
  #updateMore({ more, next }) {
    const { moreFailed, retry, loading } = this.#labels;
    this.#hasMore = next !== null && more === "idle";
    this.more.hidden = next === null;
    this.more.classList.toggle("busy", more === "loading");
    this.more.ariaLabel = more === "loading" ? loading : null;
    if (more === "failed") this.more.replaceChildren(moreFailed, " ", button("retry", retry, retry));
    else this.more.replaceChildren();
    // Observed anew, it reports again: after a short page the end may still be in view.
    this.#observer.unobserve(this.more);
    if (this.#hasMore) this.#observer.observe(this.more);
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const isOwn = event.target === this.element;
    if (isOwn && this.list.move(event.key)) event.preventDefault();
  }
}

const panelAttributes = {
  part: "panel",
  class: "panel",
  id: "panel",
  popover: "auto",
  role: "dialog",
  "aria-labelledby": "heading",
  tabindex: "-1",
};

/** @param {Labels} labels */
function skeleton({ loading }) {
  const rows = Array.from({ length: SKELETON_ROWS }, () =>
    h("div", { class: "bone" }, h("i"), h("i")),
  );
  const attributes = { part: "skeleton", class: "skeleton", role: "img", "aria-label": loading };
  return h("div", attributes, ...rows);
}

/**
 * @param {string} part
 * @param {Node} picture
 * @param {string} title
 * @param {string} text
 */
function message(part, picture, title, text) {
  const frame = h("div", { class: "picture" }, picture);
  return h("div", { part, class: `message ${part}` }, frame, h("h3", {}, title), h("p", {}, text));
}
