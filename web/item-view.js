/**
 * One notification in the list, drawn once and patched after.
 *
 * @import { Labels, Notification } from "./types.js"
 */
import { linkOrButton } from "./action-link.js";
import { button, h } from "./dom.js";
import { GroupView } from "./group-view.js";
import { icon } from "./icons.js";
import { markedText } from "./marked-text.js";
import { relativeTime } from "./relative-time.js";
import { snoozeTime } from "./snooze-times.js";
import { isApart, isUnread } from "./status.js";
import { swipeable } from "./swipe.js";

/**
 * What a user can do with a notification.
 *
 * @typedef {object} ItemActions
 * @property {(notification: Notification, event: MouseEvent) => void} activate
 * @property {(notification: Notification) => void} toggleRead
 * @property {(notification: Notification) => void} archive
 * @property {(notification: Notification, opener: HTMLElement) => void} snooze
 * @property {(notification: Notification) => void} ungroup
 * @property {(notification: Notification) => Promise<Notification[]>} members
 */

/**
 * What every part of an inbox needs to know. `host` is the element; what the page draws itself goes
 * into its light DOM, where the page's own styles reach it.
 *
 * @typedef {object} ItemContext
 * @property {Labels} labels
 * @property {string} locale
 * @property {ItemActions} actions
 * @property {HTMLElement} host
 * @property {(notification: Notification) => Node | null | undefined} renderItem
 */

export class ItemView {
  #context;
  #isUnread = false;
  /** @type {GroupView | null} */
  #group = null;
  /** @type {HTMLElement | null} */
  #own = null;
  /** @type {HTMLElement | null} */
  #under = null;
  #toggle = button("toggle", "", icon("check"), icon("dot"));
  #snooze = button("snooze", "", icon("clock"));
  /** In a list of its own it is the way back. */
  #archive;

  /**
   * @param {Notification} notification
   * @param {ItemContext} context
   */
  constructor(notification, context) {
    this.#context = context;
    this.notification = notification;
    this.#archive = button("archive", "", icon(isApart(notification) ? "up" : "archive"));
    this.dot = h("span", { part: "dot", class: "dot", id: `${notification.id}-u`, role: "img" });
    this.main = mainElement(notification);
    this.time = timeElement(notification, context.locale);
    this.#nameButtons(context.labels);
    this.row = this.#assemble();
    this.element = h("li", { class: "item" }, this.row);
    this.element.dataset.id = notification.id;
    if (notification.category) this.element.dataset.category = notification.category;
    this.#listen(context.actions);
    this.#patch(isUnread(notification));
    this.#patchGroup();
    this.#drawOwn();
    this.tick(Date.now());
  }

  /** @param {Notification} notification */
  update(notification) {
    if (this.notification === notification) return;
    const isOther = this.notification.seq !== notification.seq;
    this.notification = notification;
    if (this.#isUnread !== isUnread(notification)) this.#patch(isUnread(notification));
    else if (!isOther) return;
    this.#patchGroup();
    this.#drawOwn();
  }

  /** @param {number} now epoch ms */
  tick(now) {
    const { created_at, snoozed_until } = this.notification;
    const { locale } = this.#context;
    const text = snoozed_until
      ? snoozeTime(new Date(snoozed_until), new Date(now), locale)
      : relativeTime(Date.parse(created_at), now, locale);
    if (this.time.textContent !== text) this.time.textContent = text;
    this.#group?.tick(now);
  }

  /** @param {boolean} isCurrent the one item of the list that Tab reaches */
  setCurrent(isCurrent) {
    this.main.tabIndex = isCurrent ? 0 : -1;
    const buttons = this.element.querySelectorAll("button:not(.title), .member a, .content a");
    for (const element of buttons) /** @type {HTMLElement} */ (element).tabIndex = isCurrent ? 0 : -1;
  }

  /**
   * @param {number} position counted from one
   * @param {number} size -1 while nobody knows
   */
  number(position, size) {
    this.element.setAttribute("aria-posinset", String(position));
    this.element.setAttribute("aria-setsize", String(size));
  }

  /** What the page drew for it goes with it. */
  dispose() {
    this.#own?.remove();
    this.#own = null;
  }

  /** @param {Labels} labels */
  #nameButtons({ snooze, archive, bringBack }) {
    const isAway = isApart(this.notification);
    this.#snooze.ariaLabel = this.#snooze.title = snooze;
    this.#archive.ariaLabel = this.#archive.title = isAway ? bringBack : archive;
    this.#toggle.hidden = isAway;
    this.#snooze.ariaHasPopup = "dialog";
    this.#snooze.ariaExpanded = "false";
  }

  #assemble() {
    const { id, content } = this.notification;
    const buttons = [this.#toggle, this.#snooze, this.#archive];
    const actions = h("div", { part: "actions", class: "actions" }, ...buttons);
    const row = h("div", { part: "row", class: "row" }, this.dot, this.main, this.time, actions);
    if (!content) return row;
    const attributes = { part: "content", class: "content", id: `${id}-c`, dir: "auto" };
    const follow = (/** @type {MouseEvent} */ event) =>
      this.#context.actions.activate(this.notification, event);
    const text = h("p", attributes, ...markedText(content, follow));
    this.main.after(text);
    return row;
  }

  /** @param {ItemActions} actions */
  #listen(actions) {
    const activate = (/** @type {MouseEvent} */ event) => actions.activate(this.notification, event);
    this.main.addEventListener("click", activate);
    this.main.addEventListener("auxclick", (event) => event.button === 1 && activate(event));
    this.#toggle.addEventListener("click", () => actions.toggleRead(this.notification));
    this.#snooze.addEventListener("click", () => this.openSnooze());
    this.#archive.addEventListener("click", () => actions.archive(this.notification));
    swipeable(
      this.row,
      (side, isFar) => this.#bare(side, isFar),
      (side) => (side === "start" ? actions.archive : actions.toggleRead)(this.notification),
    );
  }

  openSnooze() {
    this.#context.actions.snooze(this.notification, this.#snooze);
  }

  /**
   * What a swipe lays bare, told by the style sheet.
   *
   * @param {import("./swipe.js").Side | null} side
   * @param {boolean} isFar
   */
  #bare(side, isFar) {
    this.element.classList.toggle("swiped-start", side === "start");
    this.element.classList.toggle("swiped-end", side === "end");
    this.element.classList.toggle("far", isFar);
    if (!side || this.#under) return;
    const attributes = { part: "swipe", class: "swipe", "aria-hidden": "true" };
    this.#under = h("div", attributes, icon("check"), icon("dot"), icon("archive"));
    this.element.prepend(this.#under);
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
    this.#toggle.ariaLabel = this.#toggle.title = label;
    const named = [...(unread ? ["u"] : []), "m", "c", "t"].map((part) => `${id}-${part}`);
    this.main.setAttribute("aria-labelledby", named.join(" "));
  }

  #patchGroup() {
    const count = this.notification.group?.count ?? 1;
    if (count > 1) {
      this.#group ??= this.#addGroup();
      this.#group.update(this.notification, count - 1);
    } else if (this.#group) {
      this.#group.element.remove();
      this.#group = null;
    }
  }

  #addGroup() {
    const group = new GroupView(this.notification, this.#context);
    this.element.append(group.element);
    return group;
  }

  /** The page's own drawing goes into a slot; the title stays as the name of the row. */
  #drawOwn() {
    const node = this.#context.renderItem(this.notification);
    this.#own?.remove();
    this.#own = node ? slotted(node, `item-${this.notification.id}`) : null;
    this.element.classList.toggle("own", Boolean(node));
    if (!this.#own) return;
    this.#context.host.append(this.#own);
    if (this.row.querySelector("slot")) return;
    this.main.after(h("slot", { name: this.#own.slot, part: "own", class: "own-slot" }));
  }
}

/**
 * @param {Node} node
 * @param {string} name
 */
function slotted(node, name) {
  const element = node instanceof HTMLElement ? node : h("div", {}, node);
  element.slot = name;
  return element;
}

/**
 * A link when the notification leads somewhere, a button when not.
 *
 * @param {Notification} notification
 * @returns {HTMLElement}
 */
function mainElement({ id, title, action_url }) {
  const attributes = { part: "title", class: "title", id: `${id}-m`, dir: "auto" };
  return linkOrButton(action_url, attributes, title);
}

/**
 * @param {Notification} notification
 * @param {string} locale
 */
function timeElement({ id, created_at }, locale) {
  const time = h("time", { part: "time", class: "time", id: `${id}-t`, datetime: created_at });
  time.title = timeFormat(locale).format(new Date(created_at));
  return time;
}

/** Making one takes longer than drawing a row. @type {Map<string, Intl.DateTimeFormat>} */
const timeFormats = new Map();

/** @param {string} locale */
function timeFormat(locale) {
  const known = timeFormats.get(locale);
  if (known) return known;
  const made = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });
  timeFormats.set(locale, made);
  return made;
}
