/**
 * What one row of the list stands for: "and 4 others", opened in place.
 *
 * @import { ItemContext } from "./item-view.js"
 * @import { Notification } from "./types.js"
 */
import { linkOrButton } from "./action-link.js";
import { button, h } from "./dom.js";
import { icon } from "./icons.js";
import { relativeTime } from "./relative-time.js";

/** A group may be large; the rest comes on demand. */
const MEMBERS_AT_ONCE = 10;

/** Groups that are open, so that a row which was scrolled away comes back as it was. @type {WeakMap<HTMLElement, Set<string>>} */
const openGroups = new WeakMap();

export class GroupView {
  #context;
  #notification;
  #count = 0;
  #shown = MEMBERS_AT_ONCE;
  /** @type {Notification[]} */
  #members = [];
  #toggle;
  #list = h("ul", { part: "members", class: "members", role: "list" });
  #more;
  #ungroup;

  /**
   * @param {Notification} notification the newest, which stands for the rest
   * @param {ItemContext} context
   */
  constructor(notification, context) {
    const { labels } = (this.#context = context);
    this.#notification = notification;
    this.#toggle = h("button", { type: "button", part: "group-toggle", class: "group-toggle" });
    this.#more = button("group-more", labels.showMore, labels.showMore);
    this.#ungroup = button("ungroup", labels.ungroup, labels.ungroup);
    this.#list.id = `${notification.id}-g`;
    this.#toggle.setAttribute("aria-controls", this.#list.id);
    const acts = h("div", { class: "group-acts" }, this.#toggle, this.#more, this.#ungroup);
    this.element = h("div", { part: "group", class: "group" }, this.#list, acts);
    this.#listen();
    this.#draw();
    if (this.#open.has(notification.id)) void this.#load();
  }

  /**
   * @param {Notification} notification
   * @param {number} count of the others
   */
  update(notification, count) {
    const isOther = count !== this.#count;
    this.#notification = notification;
    this.#count = count;
    if (isOther && this.isOpen) void this.#load();
    if (isOther) this.#draw();
  }

  /** @param {number} now epoch ms */
  tick(now) {
    for (const time of this.#list.querySelectorAll("time")) {
      time.textContent = relativeTime(Date.parse(time.dateTime), now, this.#context.locale);
    }
  }

  get isOpen() {
    return this.#open.has(this.#notification.id);
  }

  get #open() {
    const open = openGroups.get(this.#context.host) ?? new Set();
    openGroups.set(this.#context.host, open);
    return open;
  }

  #listen() {
    this.#toggle.addEventListener("click", () => this.#flip());
    this.#ungroup.addEventListener("click", () => this.#context.actions.ungroup(this.#notification));
    this.#more.addEventListener("click", () => {
      this.#shown += MEMBERS_AT_ONCE;
      this.#draw();
    });
  }

  #flip() {
    const { id } = this.#notification;
    if (this.isOpen) this.#open.delete(id);
    else this.#open.add(id);
    this.#shown = MEMBERS_AT_ONCE;
    this.#draw();
    if (this.isOpen) void this.#load();
  }

  async #load() {
    const { id } = this.#notification;
    const members = await this.#context.actions.members(this.#notification);
    this.#members = members.filter((member) => member.id !== id);
    this.#draw();
  }

  #draw() {
    const { labels } = this.#context;
    const { isOpen } = this;
    const shown = isOpen ? this.#members.slice(0, this.#shown) : [];
    this.#toggle.ariaExpanded = String(isOpen);
    this.#toggle.replaceChildren(isOpen ? labels.showLess : labels.andOthers(this.#count), icon("down"));
    this.#list.replaceChildren(...shown.map((member) => this.#member(member)));
    this.#list.hidden = !shown.length;
    const isAll = !isOpen || shown.length === this.#members.length;
    if (isAll && this.#more.matches(":focus")) this.#toggle.focus();
    this.#more.hidden = isAll;
    this.#ungroup.hidden = !isOpen;
    this.tick(Date.now());
  }

  /** @param {Notification} member */
  #member(member) {
    const attributes = { part: "member", class: "member-title", dir: "auto" };
    const main = linkOrButton(member.action_url, attributes, member.title);
    main.tabIndex = this.#toggle.tabIndex;
    main.addEventListener("click", (event) => this.#context.actions.activate(member, event));
    const time = h("time", { part: "time", class: "time", datetime: member.created_at });
    return h("li", { class: "member" }, main, time);
  }
}
