/**
 * One notification in the list, drawn once and patched after.
 *
 * @import { Labels, Notification } from "./types.js"
 */
import { button, h, icon } from "./dom.js";
import { isUnread } from "./inbox-state.js";
import { relativeTime } from "./relative-time.js";
import { safeLink } from "./safe-link.js";

/**
 * What a user can do with a notification.
 *
 * @typedef {object} ItemActions
 * @property {(notification: Notification, event: MouseEvent) => void} activate
 * @property {(notification: Notification) => void} toggleRead
 * @property {(notification: Notification) => void} archive
 */

/**
 * What every part of the panel needs to know.
 *
 * @typedef {{ labels: Labels, locale: string, actions: ItemActions }} ItemContext
 */

export class ItemView {
  #context;
  #isUnread = false;

  /**
   * @param {Notification} notification
   * @param {ItemContext} context
   */
  constructor(notification, context) {
    const { labels, actions } = (this.#context = context);
    this.notification = notification;
    this.dot = h("span", { part: "dot", class: "dot", id: `${notification.id}-u`, role: "img" });
    this.main = mainElement(notification);
    this.time = this.#timeElement();
    this.toggle = button("toggle", "", icon("check"), icon("dot"));
    this.archive = button("archive", labels.archive, icon("archive"));
    this.archive.title = labels.archive;
    this.element = this.#assemble();
    this.#listen(actions);
    this.#patch(isUnread(notification));
    this.tick(Date.now());
  }

  /** @param {Notification} notification */
  update(notification) {
    this.notification = notification;
    if (this.#isUnread !== isUnread(notification)) this.#patch(isUnread(notification));
  }

  /** @param {number} now epoch ms */
  tick(now) {
    const text = relativeTime(Date.parse(this.notification.created_at), now, this.#context.locale);
    if (this.time.textContent !== text) this.time.textContent = text;
  }

  /** @param {boolean} isCurrent the one item of the list that Tab reaches */
  setCurrent(isCurrent) {
    const tabIndex = isCurrent ? 0 : -1;
    for (const element of [this.main, this.toggle, this.archive]) element.tabIndex = tabIndex;
  }

  #assemble() {
    const { id, content, category } = this.notification;
    const actions = h("div", { part: "actions", class: "actions" }, this.toggle, this.archive);
    const item = h("li", { class: "item" }, this.dot, this.main, this.time, actions);
    item.dataset.id = id;
    if (category) item.dataset.category = category;
    if (content) {
      const text = h("p", { part: "content", class: "content", id: `${id}-c`, dir: "auto" }, content);
      this.main.after(text);
    }
    return item;
  }

  #timeElement() {
    const { id, created_at } = this.notification;
    const time = h("time", { part: "time", class: "time", id: `${id}-t`, datetime: created_at });
    time.title = new Date(created_at).toLocaleString(this.#context.locale);
    return time;
  }

  /** @param {ItemActions} actions */
  #listen(actions) {
    this.main.addEventListener("click", (event) => actions.activate(this.notification, event));
    this.main.addEventListener("auxclick", (event) => {
      if (event.button === 1) actions.activate(this.notification, event);
    });
    this.toggle.addEventListener("click", () => actions.toggleRead(this.notification));
    this.archive.addEventListener("click", () => actions.archive(this.notification));
  }

  /** @param {boolean} unread */
  #patch(unread) {
    this.#isUnread = unread;
    const { id } = this.notification;
    const { labels } = this.#context;
    const label = unread ? labels.markRead : labels.markUnread;
    this.element.part.value = unread ? "item item-unread" : "item";
    this.element.classList.toggle("unread", unread);
    this.dot.ariaLabel = unread ? labels.unread : "";
    this.dot.ariaHidden = String(!unread);
    this.toggle.ariaLabel = this.toggle.title = label;
    const named = [...(unread ? ["u"] : []), "m", "c", "t"].map((part) => `${id}-${part}`);
    this.main.setAttribute("aria-labelledby", named.join(" "));
  }
}

/**
 * A link when the notification leads somewhere, a button when not.
 *
 * @param {Notification} notification
 * @returns {HTMLElement}
 */
function mainElement({ id, title, action_url }) {
  const attributes = { part: "title", class: "title", id: `${id}-m`, dir: "auto" };
  const url = safeLink(action_url, location.href);
  if (!url) return h("button", { ...attributes, type: "button" }, title);
  const link = h("a", { ...attributes, href: url.href, rel: "noopener" }, title);
  if (url.origin !== location.origin) link.target = "_blank";
  return link;
}
