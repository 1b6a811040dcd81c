/**
 * What the bell and the inline inbox have in common: attributes in, events out, one shared client.
 *
 * @import { InboxClient } from "./client.js"
 * @import { Language } from "./lang/language.js"
 * @import { EventDetails, Labels, Notification } from "./types.js"
 */
import { h } from "./dom.js";
import { english } from "./labels.js";
import { BUILT_IN, loadLanguage } from "./languages.js";
import { clientFor } from "./shared.js";

/**
 * News of the client that an element of this page has told already: the page hears them once,
 * however many elements there are.
 *
 * @type {WeakSet<Event>}
 */
const toldNews = new WeakSet();
/** Without an arrival, before they are announced. */
const QUIET_MS = 1000;
const MOST_UNTOLD = 30;
/** Long enough to be read out; nobody is to find old news there later. */
const TOLD_MS = 10_000;

/**
 * @attribute token - The user's JWT, made by the page's own backend.
 * @attribute server-url - The NotifyBell server; by default the one this script came from.
 * @attribute theme - "soft" or "contrast" in place of the plain looks, "light" or "dark" in place of the page's `color-scheme`; or one of each: "soft dark".
 * @attribute tabs - Categories to have a tab each: "orders,news", or "*" for all that the user has. Without it there are no tabs.
 * @attribute no-storage - Keeps nothing in this browser for the next visit; set before the token.
 * @attribute lang - Language of the words and dates; by default that of the page around it, else the browser's.
 * @attribute push - Offers web push at the foot. Its value is the page's worker file, where that is not "/notifybell-sw.js".
 *
 * @property {string} token - The attribute.
 * @property {string} serverUrl - The attribute.
 * @property {(() => Promise<string>) | null} onTokenExpired - Asked for a fresh token when the old one ends.
 * @property {Partial<Labels>} labels - Texts in place of the built-in ones.
 * @property {((notification: Notification) => Node | null) | null} renderItem - Draws a notification; null leaves it to the element.
 * @property {number} unreadCount - Read only.
 *
 * @event notify-received - A notification arrived; `detail.notification`.
 * @event notify-clicked - One was clicked, or a link in its text; `detail.notification`, and `detail.href`, where that leads, or null. `preventDefault()` stops the navigation.
 * @event notify-acting - The user is about to do something; `detail.act` is "read", "unread", "archive", "unarchive", "snooze", "unsnooze" or "ungroup", `detail.notification` is null for all. `preventDefault()` stops it.
 * @event notify-read - The user marked one read, or all; `detail.notification` is null for all.
 * @event notify-unread - The user marked one unread, or took back that all were read; `detail.notification` is null for all.
 * @event notify-archived - The user archived one; `detail.notification`.
 * @event notify-unarchived - The user took that back; `detail.notification`.
 * @event notify-snoozed - The user snoozed one; `detail.notification`.
 * @event notify-unsnoozed - The user took that back; `detail.notification`.
 * @event notify-ungrouped - The user opened a group up; `detail.notification`.
 * @event notify-synced - Another tab or device changed some; `detail.notifications`.
 * @event notify-token-expired - The token has ended; `onTokenExpired` is asked, or set `token` now.
 * @event notify-error - Something failed; `detail.error`.
 *
 * @slot header - In the head, after the title.
 * @slot empty - In place of what is shown when there is nothing.
 *
 * @csspart inbox - Everything.
 * @csspart header - The head, with `heading`, `filter`, `mark-all` and `close` in it.
 * @csspart heading - The title.
 * @csspart filter - "Unread": shows only those.
 * @csspart mark-all - "Mark all as read".
 * @csspart tabs - The row of tabs.
 * @csspart tab - A tab; `tab-selected` too when it is the chosen one.
 * @csspart tab-selected - The chosen tab.
 * @csspart hint - The line that says that the connection is down.
 * @csspart body - What scrolls.
 * @csspart pill - "3 new": leads up to what arrived above.
 * @csspart list - The list.
 * @csspart item - A notification, with all that belongs to it; `item-unread` too while it is unread.
 * @csspart item-unread - An unread notification.
 * @csspart row - The notification itself: what a finger swipes.
 * @csspart swipe - What a swipe lays bare.
 * @csspart dot - The mark of an unread one.
 * @csspart title - A notification's title.
 * @csspart content - A notification's text.
 * @csspart link - A link in the text.
 * @csspart strong - Bold in the text.
 * @csspart em - Italic in the text.
 * @csspart code - Code in the text.
 * @csspart own - What `renderItem` drew.
 * @csspart time - How long ago.
 * @csspart actions - The buttons of a notification: `toggle`, `snooze` and `archive`.
 * @csspart toggle - Marks read or unread.
 * @csspart snooze - Opens the snooze menu.
 * @csspart archive - Archives.
 * @csspart group - What belongs to a row that stands for several.
 * @csspart group-toggle - "and 4 others".
 * @csspart members - The others, once opened.
 * @csspart member - The title of one of them.
 * @csspart group-more - "Show more" of them.
 * @csspart ungroup - "Ungroup".
 * @csspart menu - The snooze menu.
 * @csspart menu-items - The ready choices in it.
 * @csspart menu-item - One of them.
 * @csspart menu-form - The last choice: an own time.
 * @csspart menu-time - Its field.
 * @csspart menu-done - Its button.
 * @csspart more - The end of the list while there is more to load.
 * @csspart empty - Shown when there is nothing.
 * @csspart error - Shown when loading failed.
 * @csspart retry - "Try again".
 * @csspart skeleton - Shown while loading.
 * @csspart push - The offer of web push.
 * @csspart push-text - What it says.
 * @csspart push-acts - Its buttons: `push-on`, `push-off`, `push-later` and `push-retry`.
 * @csspart toast - The short line at the foot.
 * @csspart undo - "Undo", in the toast.
 *
 * @cssproperty --notify-bell-accent - Unread dot, focus rings, what is chosen.
 * @cssproperty --notify-bell-surface - Background.
 * @cssproperty --notify-bell-hover - Background of a notification under the pointer.
 * @cssproperty --notify-bell-text - Text.
 * @cssproperty --notify-bell-muted - Secondary text.
 * @cssproperty --notify-bell-border - Lines.
 * @cssproperty --notify-bell-shadow - The shadow of panel and menu.
 * @cssproperty --notify-bell-radius - Corners.
 * @cssproperty --notify-bell-lines - Lines of a notification's text.
 * @cssproperty --notify-bell-font - Font family.
 * @cssproperty --notify-bell-font-size - Font size.
 */
export class InboxElement extends HTMLElement {
  static observedAttributes = ["token", "server-url", "tabs", "push", "lang"];
  /** Where the server is when no attribute says so; the entry module knows where it came from. */
  static defaultServerUrl = "";

  /** @type {InboxClient | null} */
  client = null;
  root = this.attachShadow({ mode: "open" });
  status = h("div", { class: "status", role: "status" });
  #isRenderDue = false;
  /** @type {Partial<Labels>} */
  #labels = {};
  /** @type {Partial<Language>} */
  #language = BUILT_IN;
  #isTurned = false;
  /** @type {((notification: Notification) => Node | null | undefined) | null} */
  #renderItem = null;
  /** @type {(() => Promise<string>) | null} */
  #onTokenExpired = null;
  #life = new AbortController();
  /** Titles that are still to be announced. @type {string[]} */
  #news = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #announcing;

  get token() {
    return this.getAttribute("token") ?? "";
  }

  set token(token) {
    this.setAttribute("token", token);
  }

  get serverUrl() {
    return this.getAttribute("server-url") ?? InboxElement.defaultServerUrl;
  }

  set serverUrl(url) {
    this.setAttribute("server-url", url);
  }

  get onTokenExpired() {
    return this.#onTokenExpired;
  }

  set onTokenExpired(callback) {
    this.#onTokenExpired = callback;
  }

  get labels() {
    return this.#labels;
  }

  set labels(labels) {
    this.#labels = labels;
    this.rebuild();
  }

  get renderItem() {
    return this.#renderItem;
  }

  set renderItem(draw) {
    this.#renderItem = draw;
    this.rebuild();
  }

  get unreadCount() {
    return this.client?.view.unreadCount ?? 0;
  }

  connectedCallback() {
    const names = ["onTokenExpired", "labels", "renderItem", "token", "serverUrl"];
    for (const name of names) this.#upgrade(name);
    this.#restart();
    this.rebuild();
    void this.#learn();
  }

  disconnectedCallback() {
    // An element that is only moved within the page is back before the microtask.
    queueMicrotask(() => this.isConnected || this.#stop());
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (!this.isConnected || before === after) return;
    if (name === "lang") void this.#learn();
    if (["tabs", "push", "lang"].includes(name)) return this.rebuild();
    if (name === "token" && after && this.client?.replaceToken(after)) return;
    this.#stop(name === "token");
    this.#restart();
    this.rebuild();
  }

  get texts() {
    return this.translated(english);
  }

  get locale() {
    return this.closest("[lang]")?.getAttribute("lang") || navigator.language;
  }

  /**
   * With the reader's language over the built-in texts, and the page's own over both.
   *
   * @template {object} T
   * @param {T} builtIn
   * @returns {T}
   */
  translated(builtIn) {
    return { ...builtIn, ...this.#language.texts, ...this.#labels };
  }

  /** Makes everything anew that depends on texts, client and attributes. */
  rebuild() {}

  /** Draws what the client has. */
  render() {}

  /** The inbox has been loaded anew. */
  loaded() {}

  /** @param {Notification[]} _notifications */
  received(_notifications) {}

  /** Draws once a microtask. */
  schedule() {
    if (this.#isRenderDue) return;
    this.#isRenderDue = true;
    queueMicrotask(() => {
      this.#isRenderDue = false;
      if (this.isConnected) this.render();
    });
  }

  /** What is on the screen counts as seen. */
  markSeen() {
    const { phase } = this.client?.state ?? {};
    if (phase === "ready" && this.client?.view.unseenCount) void this.client.mark("seen", null);
  }

  /**
   * @template {keyof EventDetails} N
   * @param {N} name
   * @param {EventDetails[N]} detail
   * @param {boolean} [cancelable]
   * @param {boolean} [bubbles]
   * @returns {boolean} false when the page prevented the default
   */
  fire(name, detail, cancelable = false, bubbles = true) {
    const event = new CustomEvent(name, { detail, cancelable, bubbles, composed: bubbles });
    return this.dispatchEvent(event);
  }

  /**
   * A property that the page set before the script had loaded hides the setter; set it again.
   *
   * @param {string} name
   */
  #upgrade(name) {
    if (!Object.hasOwn(this, name)) return;
    const value = Reflect.get(this, name);
    Reflect.deleteProperty(this, name);
    Reflect.set(this, name, value);
  }

  async #learn() {
    const { locale } = this;
    const language = await loadLanguage(locale);
    if (language === this.#language || locale !== this.locale) return;
    this.#language = language;
    this.#turn(language.direction);
    this.rebuild();
  }

  /** @param {string | undefined} direction what the page says goes before */
  #turn(direction) {
    if (this.#isTurned) this.removeAttribute("dir");
    this.#isTurned = Boolean(direction && !this.closest("[dir]"));
    if (this.#isTurned) this.dir = String(direction);
  }

  #restart() {
    if (this.client || !this.token) return;
    const client = clientFor({
      serverUrl: new URL(this.serverUrl, location.href).href,
      token: this.token,
      onTokenExpired: this.#renew,
      noStorage: this.hasAttribute("no-storage"),
    });
    this.client = client;
    this.#life = new AbortController();
    this.#relay(client, this.#life.signal);
  }

  /** @param {boolean} [isSignedOut] */
  #stop(isSignedOut) {
    if (!this.client) return;
    this.#life.abort();
    this.client.release(this.#renew, isSignedOut);
    this.client = null;
    this.rebuild();
  }

  /** "": the page does not renew it. */
  #renew = async () => this.#onTokenExpired?.() ?? "";

  /**
   * @param {InboxClient} client
   * @param {AbortSignal} signal
   */
  #relay(client, signal) {
    client.addEventListener("change", () => this.schedule(), { signal });
    client.addEventListener("loaded", () => this.loaded(), { signal });
    client.addEventListener("received", (event) => this.#onReceived(event), { signal });
    for (const type of /** @type {const} */ (["synced", "token-expired", "error"])) {
      client.addEventListener(type, (event) => this.#tell(`notify-${type}`, event), { signal });
    }
  }

  /** @param {Event} event */
  #onReceived(event) {
    const { notifications } = /** @type {CustomEvent<{ notifications: Notification[] }>} */ (event).detail;
    const isFirst = this.#isFirstToTell(event);
    for (const notification of notifications) this.fire("notify-received", { notification }, false, isFirst);
    if (isFirst) this.#announce(notifications.map(({ title }) => title));
    this.received(notifications);
  }

  /**
   * Once it is quiet, so that many at a time are one sentence; or once they are very many.
   *
   * @param {string[]} titles
   */
  #announce(titles) {
    this.#news.push(...titles);
    if (this.#news.length > MOST_UNTOLD) return;
    clearTimeout(this.#announcing);
    this.#announcing = setTimeout(() => {
      this.status.textContent = this.texts.received(this.#news.splice(0));
      this.#announcing = setTimeout(() => this.status.replaceChildren(), TOLD_MS);
    }, QUIET_MS);
  }

  /**
   * @param {keyof EventDetails} name
   * @param {Event} event
   */
  #tell(name, event) {
    this.fire(name, /** @type {CustomEvent} */ (event).detail, false, this.#isFirstToTell(event));
  }

  /** @param {Event} event */
  #isFirstToTell(event) {
    const isFirst = !toldNews.has(event);
    toldNews.add(event);
    return isFirst;
  }
}
