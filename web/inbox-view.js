/**
 * An inbox, drawn: head, tabs, list, and what stands in for the list while there is none.
 *
 * The bell shows it in a panel, `<notify-inbox>` in the page. It keeps what is only a matter of
 * looking (which tab, which rows are new); the inbox itself is the client's.
 *
 * @import { ItemContext } from "./item-view.js"
 * @import { InboxClient } from "./client.js"
 * @import { BellLabels, Filter, Fire, InboxState, Labels, Notification } from "./types.js"
 */
import { Acts } from "./acts.js";
import { CategoryTabs, tabsOf } from "./category-tabs.js";
import { button, h } from "./dom.js";
import { makeRoom } from "./head-room.js";
import { icon } from "./icons.js";
import { inboxEnglish } from "./inbox-labels.js";
import { ListChoice } from "./list-choice.js";
import { ListView } from "./list-view.js";
import { localeOf } from "./locale.js";
import { SnoozeMenu } from "./menu.js";
import { Notice } from "./notice.js";
import { onTick } from "./relative-time.js";
import { isApart } from "./status.js";

const SKELETON_ROWS = 6;

/**
 * What the element tells its view.
 *
 * @typedef {object} InboxOptions
 * @property {InboxClient} client
 * @property {HTMLElement} host
 * @property {BellLabels & Partial<Labels>} labels the bell's, and others in place of the English ones
 * @property {string} locale
 * @property {string | null} tabs the attribute
 * @property {((notification: Notification) => Node | null | undefined) | null} renderItem
 * @property {Fire} fire
 * @property {(() => void) | null} close null: there is nothing to close
 */

export class InboxPane {
  #options;
  #labels;
  #acts;
  #notice = new Notice(() => this.#refocus());
  #menu;
  #tabs;
  #list;
  /** @type {Filter["status"]} */
  #status = "all";
  #choice;
  #isOffering = false;
  /** @type {string | null} */
  #category = null;
  /** What arrived above the view. @type {Set<string>} */
  #above = new Set();
  #life = new AbortController();
  #parts;
  #fitHead;
  #more;

  /** @param {InboxOptions} options */
  constructor(options) {
    const { client, host, fire } = (this.#options = options);
    const locale = localeOf(options.locale);
    /** @type {Labels} */
    const labels = (this.#labels = { ...inboxEnglish, ...options.labels });
    this.#acts = new Acts({ client, labels, locale, notice: this.#notice, fire });
    this.#menu = new SnoozeMenu(labels, locale);
    this.#tabs = new CategoryTabs(labels.categories, (key) => this.#choose({ category: key }));
    this.#parts = makeParts(labels, options.close !== null);
    this.#choice = new ListChoice(labels, (status) => this.#choose({ status }));
    this.#parts.header.prepend(this.#choice.element);
    this.#fitHead = makeRoom(this.#parts.header, this.#choice.heading);
    const renderItem = options.renderItem ?? (() => null);
    const context = { labels, locale, host, renderItem, actions: this.#itemActions() };
    this.#list = new ListView(context, this.#parts.body);
    this.#more = new MoreView(labels, this.#parts.body, () => void this.#source.loadMore());
    this.element = this.#assemble();
    this.#listen(client);
  }

  /** Draws what the client has now. */
  update() {
    const { state, view } = this.#options.client;
    const source = this.#source;
    const { items } = source;
    const focused = this.#focused;
    const hasItems = items.length > 0;
    const { skeleton, failed, empty, emptyFilter, markAll, unread } = this.#parts;
    this.#list.update(items, !source.hasMore);
    this.#list.element.hidden = !hasItems;
    skeleton.hidden = hasItems || source.phase !== "loading";
    failed.hidden = hasItems || source.phase !== "failed";
    const isUnreadOnly = this.#status === "unread";
    const isEmpty = !hasItems && source.phase === "ready" && !source.hasMore;
    empty.hidden = !isEmpty || this.#isFiltered;
    emptyFilter.hidden = !isEmpty || !this.#isFiltered;
    const { allReadTitle, emptyFilterTitle } = this.#labels;
    const isAllRead = isUnreadOnly && this.#category === null;
    /** @type {Element} */ (emptyFilter.children[1]).textContent = isAllRead ? allReadTitle : emptyFilterTitle;
    const hasNone = view.unreadCount === 0 || this.#isApart;
    const fits = markAll.hidden === hasNone;
    this.#choice.update(this.#status);
    markAll.hidden = hasNone;
    unread.hidden = hasNone && !isUnreadOnly;
    unread.ariaPressed = String(isUnreadOnly);
    if (!fits) this.#fitHead();
    this.#updateTabs();
    this.#updateHint(state);
    this.#updatePill();
    this.#more.update(source);
    if (focused && !(focused === this.#focused && focused.checkVisibility())) this.#refocus(focused);
  }

  /** While it is shown, times go on. */
  show() {
    if (this.#isApart) this.#choose({ status: "all" });
    void this.#offerPush();
    this.#list.tick(Date.now());
    const stop = onTick(() => this.#list.tick(Date.now()));
    this.#life.signal.addEventListener("abort", stop);
    return stop;
  }

  /** @param {string} text */
  say(text) {
    this.#notice.say(text);
  }

  /**
   * A key that was pressed anywhere in the element.
   *
   * @param {KeyboardEvent} event
   */
  press(event) {
    if (!event.defaultPrevented && this.#list.move(event)) event.preventDefault();
  }

  dispose() {
    this.#life.abort();
    this.#list.dispose();
    this.#more.dispose();
  }

  /** @returns {ItemContext["actions"]} */
  #itemActions() {
    const acts = this.#acts;
    return {
      activate: (notification, event) => this.#activate(notification, event),
      toggleRead: (one) => (isApart(one) ? acts.bringBack(one) : acts.toggleRead(one)),
      archive: (one) => (isApart(one) ? acts.bringBack(one) : acts.archive(one)),
      snooze: (notification, opener) =>
        this.#menu.open(opener, (until) => acts.snooze(notification, until)),
      ungroup: (notification) => void acts.ungroup(notification),
      members: (notification) => this.#options.client.members(notification.id),
    };
  }

  #assemble() {
    const { header, hint, body, skeleton, failed, empty, emptyFilter, pill } = this.#parts;
    body.append(skeleton, failed, empty, emptyFilter, this.#list.element, this.#more.element);
    const stage = h("div", { class: "stage" }, body, pill);
    const rest = [this.#tabs.element, hint, stage, this.#notice.element, this.#menu.element];
    return h("div", { part: "inbox", class: "inbox" }, header, ...rest);
  }

  /** @param {InboxClient} client */
  #listen(client) {
    const { signal } = this.#life;
    const { markAll, close, retry, unread, pill, body } = this.#parts;
    markAll.addEventListener("click", () => void this.#acts.markAllRead(this.#category));
    close.addEventListener("click", () => this.#options.close?.());
    retry.addEventListener("click", () => client.retry());
    unread.addEventListener("click", () => this.#choose({ status: this.#status === "unread" ? "all" : "unread" }));
    pill.addEventListener("click", () => this.#toTop());
    body.addEventListener("scroll", () => this.#updatePill(), { passive: true });
    client.addEventListener("received", (event) => this.#onReceived(event), { signal });
  }

  get #focused() {
    const root = /** @type {ShadowRoot} */ (this.element.getRootNode());
    const { activeElement = null } = root;
    return this.element.contains(activeElement) ? activeElement : null;
  }

  /**
   * What had the focus is gone: it goes to the row that is current, or to what stands in for the list.
   *
   * @param {Element | null} [lost]
   */
  #refocus(lost = null) {
    const focused = this.#focused;
    if (focused && focused !== lost) return;
    this.#parts.body.focus({ preventScroll: true });
    if (!this.#list.element.hidden) this.#list.focus();
  }

  get #isFiltered() {
    return this.#status !== "all" || this.#category !== null;
  }

  get #isApart() {
    return isApart({ status: this.#status });
  }

  /** The list that is looked at. */
  get #source() {
    const { client } = this.#options;
    return client.list({ category: this.#category, status: this.#status });
  }

  /** @param {Partial<Filter>} choice */
  #choose({ category = this.#category, status = this.#status }) {
    this.#category = category;
    this.#status = status;
    this.#above.clear();
    this.#parts.body.scrollTop = 0;
    this.update();
  }

  /**
   * @param {Notification} notification
   * @param {MouseEvent} event
   */
  #activate(notification, event) {
    const isFollowed = this.#acts.activate(notification, event);
    const opensHere = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const isLink = event.currentTarget instanceof HTMLAnchorElement;
    if (opensHere && (isLink || !isFollowed)) this.#options.close?.();
  }

  /** A strip at the foot, on pages that want it; its code is a file of its own. */
  async #offerPush() {
    const { client, host, fire } = this.#options;
    if (this.#isOffering || !host.hasAttribute("push")) return;
    this.#isOffering = true;
    const { signal } = this.#life;
    /** In other languages it has the words of the prompt too. @type {object} */
    const labels = this.#labels;
    try {
      const { pushPrompt } = await import("./notifybell-push.js");
      if (!signal.aborted) this.#notice.element.before(pushPrompt({ host, client, signal, labels }));
    } catch (error) {
      fire("notify-error", { error });
    }
  }

  #updateTabs() {
    const { client, tabs } = this.#options;
    if (tabs === null) return;
    // A category need not be declared: those that are there count, too.
    const used = client.view.items.flatMap(({ category }) => category ?? []).sort();
    const known = new Map(client.categories.map(({ key, label }) => [key, label]));
    for (const key of used) if (!known.has(key)) known.set(key, key);
    const shown = tabsOf(tabs, this.#labels.all, known);
    this.#tabs.update(shown, this.#category);
    this.#parts.body.role = shown.length > 1 ? "tabpanel" : null;
    this.#parts.body.ariaLabel = shown.find(({ key }) => key === this.#category)?.label ?? null;
  }

  /** @param {InboxState} state */
  #updateHint({ connection, phase }) {
    const { signedOut, offline, reconnecting } = this.#labels;
    const isShown = phase === "ready" || phase === "cached";
    const waiting = connection === "reconnecting" ? reconnecting : "";
    const down = this.#options.client.online ? waiting : offline;
    const text = connection === "signed-out" ? signedOut : isShown ? down : "";
    const { hint } = this.#parts;
    if (hint.textContent !== text) hint.textContent = text;
  }

  /** @param {Event} event */
  #onReceived(event) {
    if (this.#list.isAtTop) return;
    const { notifications } = /** @type {CustomEvent<{ notifications: Notification[] }>} */ (event).detail;
    for (const { id } of notifications) this.#above.add(id);
  }

  #updatePill() {
    const { pill, pillText } = this.#parts;
    if (this.#list.isAtTop) this.#above.clear();
    const count = this.#above.size && this.#source.items.filter(({ id }) => this.#above.has(id)).length;
    pill.hidden = count === 0;
    if (count) pillText.textContent = this.#labels.newOnes(count);
  }

  #toTop() {
    this.#parts.body.focus({ preventScroll: true });
    this.#list.scrollToTop();
  }
}

/** The end of the list while there is more: loads when it comes near the view. */
class MoreView {
  #labels;
  #isDue = false;
  #observer;
  element = h("div", { part: "more", class: "more" });

  /**
   * @param {Labels} labels
   * @param {HTMLElement} root what scrolls
   * @param {() => void} load
   */
  constructor(labels, root, load) {
    this.#labels = labels;
    this.element.addEventListener("click", load);
    this.#observer = new IntersectionObserver(
      (entries) => this.#isDue && entries.at(-1)?.isIntersecting && load(),
      { root, rootMargin: "600px" },
    );
  }

  /** @param {{ hasMore: boolean, more: InboxState["more"] }} list */
  update({ hasMore, more }) {
    const { moreFailed, retry, loading } = this.#labels;
    this.#isDue = hasMore && more === "idle";
    this.element.hidden = !hasMore;
    this.element.classList.toggle("busy", more === "loading");
    this.element.ariaLabel = more === "loading" ? loading : null;
    this.element.role = more === "loading" ? "status" : null;
    if (more === "failed") this.element.replaceChildren(moreFailed, " ", button("retry", retry, retry));
    else this.element.replaceChildren();
    // Observed anew, it reports again: after a short page the end may still be in view.
    this.#observer.unobserve(this.element);
    if (this.#isDue) this.#observer.observe(this.element);
  }

  dispose() {
    this.#observer.disconnect();
  }
}

/**
 * @param {Labels} labels
 * @param {boolean} canClose
 */
function makeParts(labels, canClose) {
  const unread = button("filter", labels.unreadOnly, labels.unreadOnly);
  const markAll = button("mark-all", labels.markAllRead, icon("checks"), h("span", {}, labels.markAllRead));
  const close = button("close", labels.close, icon("close"));
  const retry = button("retry", labels.retry, labels.retry);
  const pillText = h("span", {});
  const pill = button("pill", "", icon("up"), pillText);
  pill.removeAttribute("aria-label");
  const failed = standIn("error", icon("alert"), labels.failedTitle, labels.failedText);
  failed.append(retry);
  const own = standIn("empty", icon("bell"), labels.emptyTitle, labels.emptyText);
  const slots = [h("slot", { name: "header" }), unread, markAll, ...(canClose ? [close] : [])];
  markAll.title = labels.markAllRead;
  return {
    ...{ unread, markAll, close, retry, pill, pillText, failed },
    header: h("div", { part: "header", class: "header" }, ...slots),
    hint: h("div", { part: "hint", class: "hint", role: "status" }),
    body: h("div", { part: "body", class: "body", id: "body", tabindex: "-1" }),
    skeleton: skeleton(labels),
    empty: h("slot", { name: "empty" }, own),
    emptyFilter: standIn("empty", icon("checks"), labels.emptyFilterTitle, labels.emptyFilterText),
  };
}

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
function standIn(part, picture, title, text) {
  const frame = h("div", { class: "picture" }, picture);
  return h("div", { part, class: `message ${part}` }, frame, h("h3", {}, title), h("p", {}, text));
}
