/**
 * One toast, and what is done to it.
 *
 * @import { Notification } from "./types.js"
 */
import { linkOrButton } from "./action-link.js";
import { button, h } from "./dom.js";
import { icon } from "./icons.js";
import { markedText } from "./marked-text.js";
import { relativeTime } from "./relative-time.js";
import { swipeable } from "./swipe.js";

/**
 * @typedef {object} ToastContext
 * @property {string} dismissLabel
 * @property {string} locale
 * @property {(notification: Notification, event: MouseEvent) => void} activate
 * @property {(toast: ToastView) => void} dismiss
 */

export class ToastView {
  #context;
  #time = h("time", { part: "time", class: "time" });

  /**
   * @param {Notification} notification
   * @param {ToastContext} context
   */
  constructor(notification, context) {
    const { title, content, action_url, created_at } = notification;
    this.#context = context;
    this.notification = notification;
    this.main = linkOrButton(action_url, { part: "title", class: "title", dir: "auto" }, title);
    this.#time.dateTime = created_at;
    const close = button("dismiss", context.dismissLabel, icon("close"));
    this.element = h("li", { part: "toast", class: "toast" }, this.main, this.#time, close);
    if (content) this.main.after(this.#content(content));
    if (notification.category) this.element.dataset.category = notification.category;
    close.addEventListener("click", () => context.dismiss(this));
    this.#listen();
    this.tick();
  }

  tick() {
    const then = Date.parse(this.notification.created_at);
    this.#time.textContent = relativeTime(then, Date.now(), this.#context.locale);
  }

  /** @param {string} content */
  #content(content) {
    const attributes = { part: "content", class: "content", dir: "auto" };
    return h("p", attributes, ...markedText(content, this.#follow));
  }

  #follow = (/** @type {MouseEvent} */ event) => this.#context.activate(this.notification, event);

  #listen() {
    const { dismiss } = this.#context;
    const follow = this.#follow;
    this.main.addEventListener("click", follow);
    this.main.addEventListener("auxclick", (event) => event.button === 1 && follow(event));
    const gone = () => dismiss(this);
    swipeable(this.element, () => {}, gone);
  }
}
