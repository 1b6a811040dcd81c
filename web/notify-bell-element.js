/**
 * The element: attributes in, events out. The inbox is the client's, the panel the view's.
 *
 * @import { Labels, Mark, Notification, Placement } from "./types.js"
 */
import { InboxClient } from "./client.js";
import { button, h, icon } from "./dom.js";
import { isUnread } from "./inbox-state.js";
import { english } from "./labels.js";
import { PanelView } from "./panel-view.js";
import { place } from "./placement.js";
import { onTick } from "./relative-time.js";
import { styleSheet } from "./styles.js";

const HIGHEST_COUNT = 99;
/** The panel's own height is not known before it is shown. */
const WISHED_HEIGHT = 480;

/**
 * @summary A bell with a badge, and the signed-in user's notifications behind it.
 *
 * @attribute token - The user's JWT, made by the page's own backend.
 * @attribute server-url - The NotifyBell server; by default the one this script came from.
 * @attribute theme - "light" or "dark"; without it the bell follows the page's `color-scheme`.
 * @attribute placement - "bottom-end" (default), "bottom-start", "top-end" or "top-start"; the panel flips when there is no room.
 *
 * @property {string} token - The attribute.
 * @property {string} serverUrl - The attribute.
 * @property {(() => Promise<string>) | null} onTokenExpired - Asked for a fresh token when the old one ends.
 * @property {Partial<Labels>} labels - Texts in place of the English ones.
 * @property {boolean} open - Whether the panel is open; read only, see `show()` and `hide()`.
 * @property {number} unreadCount - Read only.
 *
 * @event notify-opened - The panel opened.
 * @event notify-closed - The panel closed.
 * @event notify-received - A notification arrived; `detail.notification`.
 * @event notify-clicked - One was clicked; `detail.notification`. `preventDefault()` stops the navigation.
 * @event notify-read - The user marked one read, or all; `detail.notification` is null for all.
 * @event notify-unread - The user marked one unread; `detail.notification`.
 * @event notify-archived - The user archived one; `detail.notification`.
 * @event notify-synced - Another tab or device changed some; `detail.notifications`.
 * @event notify-token-expired - The token has ended; `onTokenExpired` is asked, or set `token` now.
 * @event notify-error - Something failed; `detail.error`.
 *
 * @slot icon - In place of the bell.
 *
 * @csspart button - The button.
 * @csspart badge - The count on the button.
 * @csspart panel - The panel.
 * @csspart header - The panel's head, with `heading`, `mark-all` and `close` in it.
 * @csspart heading - The panel's title.
 * @csspart mark-all - "Mark all as read".
 * @csspart close - Closes the panel; seen on phones.
 * @csspart hint - The line that says that the connection is down.
 * @csspart body - What scrolls.
 * @csspart list - The list.
 * @csspart item - A notification; `item-unread` too while it is unread.
 * @csspart item-unread - An unread notification.
 * @csspart dot - The mark of an unread one.
 * @csspart title - A notification's title.
 * @csspart content - A notification's text.
 * @csspart time - How long ago.
 * @csspart actions - The two buttons of a notification, `toggle` and `archive`.
 * @csspart toggle - Marks read or unread.
 * @csspart archive - Archives.
 * @csspart more - The end of the list while there is more to load.
 * @csspart empty - Shown when there is nothing.
 * @csspart error - Shown when loading failed.
 * @csspart retry - "Try again".
 * @csspart skeleton - Shown while loading.
 * @csspart toast - The short line at the foot.
 * @csspart undo - "Undo", in the toast.
 *
 * @cssproperty --notify-bell-accent - Unread dot, focus rings.
 * @cssproperty --notify-bell-badge - Background of the badge.
 * @cssproperty --notify-bell-badge-text - Text of the badge.
 * @cssproperty --notify-bell-badge-ring - Line around the badge; the colour behind the bell.
 * @cssproperty --notify-bell-surface - Background of the panel.
 * @cssproperty --notify-bell-hover - Background of a notification under the pointer.
 * @cssproperty --notify-bell-text - Text.
 * @cssproperty --notify-bell-muted - Secondary text.
 * @cssproperty --notify-bell-border - Lines.
 * @cssproperty --notify-bell-shadow - The panel's shadow.
 * @cssproperty --notify-bell-radius - The panel's corners.
 * @cssproperty --notify-bell-width - The panel's width.
 * @cssproperty --notify-bell-height - The panel's greatest height.
 * @cssproperty --notify-bell-size - The button's size.
 * @cssproperty --notify-bell-lines - Lines of a notification's text.
 * @cssproperty --notify-bell-font - Font family of the panel.
 * @cssproperty --notify-bell-font-size - Font size of the panel.
 */
export class NotifyBellElement extends HTMLElement {
  static observedAttributes = ["token", "server-url"];
  /** Where the server is when no attribute says so; `notifybell.js` knows where it came from. */
  static defaultServerUrl = "";

  /** @type {InboxClient | null} */
  #client = null;
  #root = this.attachShadow({ mode: "open" });
  #badge = h("span", { part: "badge", class: "badge", "aria-hidden": "true" });
  #button = button("button", "", h("slot", { name: "icon" }, icon("bell")), this.#badge);
  #status = h("div", { class: "status", role: "status" });
  #isRenderDue = false;
  /** @type {Partial<Labels>} */
  #labels = {};
  /** @type {(() => Promise<string>) | null} */
  #onTokenExpired = null;
  #whileOpen = new AbortController();
  #panel = this.#makePanel();

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [styleSheet()];
    this.#button.ariaHasPopup = "dialog";
    this.#button.ariaExpanded = "false";
    this.#button.addEventListener("animationend", () => this.#button.classList.remove("rung"));
  }

  get token() {
    return this.getAttribute("token") ?? "";
  }

  set token(token) {
    this.setAttribute("token", token);
  }

  get serverUrl() {
    return this.getAttribute("server-url") ?? NotifyBellElement.defaultServerUrl;
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
    this.#rebuild();
  }

  get open() {
    return this.#panel.element.matches(":popover-open");
  }

  get unreadCount() {
    return this.#client?.view.unreadCount ?? 0;
  }

  show() {
    if (!this.open) this.#panel.element.showPopover();
  }

  hide() {
    if (this.open) this.#panel.element.hidePopover();
  }

  connectedCallback() {
    for (const name of ["onTokenExpired", "labels", "token", "serverUrl"]) this.#upgrade(name);
    this.#rebuild();
    this.#restart();
  }

  disconnectedCallback() {
    this.#whileOpen.abort();
    // A bell that is only moved within the page is back before the microtask.
    queueMicrotask(() => this.isConnected || this.#stop());
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (!this.isConnected || before === after) return;
    if (name === "token" && after && this.#client?.replaceToken(after)) return;
    this.#stop();
    this.#restart();
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

  #restart() {
    if (this.#client || !this.token) return;
    const client = new InboxClient({
      serverUrl: new URL(this.serverUrl, location.href).href,
      token: this.token,
      onTokenExpired: () => this.#freshToken(),
    });
    this.#client = client;
    client.addEventListener("change", () => this.#schedule());
    this.#relay(client);
    client.start();
  }

  #stop() {
    this.#client?.stop();
    this.#client = null;
    this.#schedule();
  }

  async #freshToken() {
    this.#fire("notify-token-expired", {});
    if (!this.#onTokenExpired) throw new Error("[notifybell] onTokenExpired is not set");
    return this.#onTokenExpired();
  }

  /** @param {InboxClient} client */
  #relay(client) {
    client.addEventListener("loaded", () => this.open && this.#markSeen());
    client.addEventListener("received", (event) => this.#onReceived(detail(event).notifications));
    client.addEventListener("synced", (event) => this.#fire("notify-synced", detail(event)));
    client.addEventListener("error", (event) => this.#fire("notify-error", detail(event)));
    client.addEventListener("marked", (event) => {
      const { mark, notification } = detail(event);
      const name = EVENT_OF[/** @type {Mark} */ (mark)];
      if (name) this.#fire(name, { notification });
    });
  }

  /** @param {Notification[]} notifications */
  #onReceived(notifications) {
    for (const notification of notifications) this.#fire("notify-received", { notification });
    this.#status.textContent = this.#texts.received(notifications.map(({ title }) => title));
    this.#button.classList.add("rung");
    if (this.open) this.#markSeen();
  }

  get #texts() {
    return { ...english, ...this.#labels };
  }

  #makePanel() {
    const locale = this.closest("[lang]")?.getAttribute("lang") || navigator.language;
    const panel = new PanelView({ labels: this.#texts, locale, actions: this.#actions() });
    panel.element.addEventListener("beforetoggle", (event) => this.#onToggling(event));
    panel.element.addEventListener("toggle", (event) => this.#onToggled(event));
    return panel;
  }

  /** @returns {import("./panel-view.js").PanelActions} */
  #actions() {
    return {
      activate: (notification, event) => this.#activate(notification, event),
      toggleRead: (notification) =>
        this.#mark(isUnread(notification) ? "read" : "unread", notification),
      archive: (notification) => this.#archive(notification),
      markAllRead: () => this.#mark("read", null),
      close: () => this.hide(),
      retry: () => this.#client?.retry(),
      loadMore: () => void this.#client?.loadMore(),
    };
  }

  #rebuild() {
    this.#panel = this.#makePanel();
    this.#root.replaceChildren(this.#button, this.#panel.element, this.#status);
    this.#button.popoverTargetElement = this.#panel.element;
    this.#schedule();
  }

  #schedule() {
    if (this.#isRenderDue) return;
    this.#isRenderDue = true;
    queueMicrotask(() => {
      this.#isRenderDue = false;
      this.#render();
    });
  }

  #render() {
    const { unreadCount } = this;
    this.#badge.hidden = unreadCount === 0;
    this.#badge.textContent = unreadCount > HIGHEST_COUNT ? `${HIGHEST_COUNT}+` : `${unreadCount}`;
    this.#button.ariaLabel = this.#texts.bell(unreadCount);
    if (this.#client) this.#panel.update(this.#client.state, this.#client.view);
  }

  /** @param {ToggleEvent} event */
  #onToggling({ newState }) {
    this.#button.ariaExpanded = String(newState === "open");
    if (newState === "open") return this.#opening();
    this.#whileOpen.abort();
    if (this.#panel.element.contains(this.#root.activeElement)) this.#button.focus();
  }

  #opening() {
    this.#place();
    // Not in the markup: there it would ask for the focus when the page loads.
    this.#panel.element.autofocus = true;
    this.#whileOpen = new AbortController();
    const { signal } = this.#whileOpen;
    addEventListener("resize", () => this.#place(), { signal });
    addEventListener("scroll", () => this.#place(), { signal, capture: true, passive: true });
    signal.addEventListener("abort", onTick(() => this.#panel.list.tick(Date.now())));
    this.#panel.list.tick(Date.now());
  }

  /** @param {ToggleEvent} event */
  #onToggled({ newState }) {
    const isOpen = newState === "open";
    if (isOpen) this.#markSeen();
    this.#fire(isOpen ? "notify-opened" : "notify-closed", {});
  }

  #place() {
    const { element } = this.#panel;
    const { inlineSize } = getComputedStyle(element);
    const viewport = { width: document.documentElement.clientWidth, height: innerHeight };
    const wished = /** @type {Placement} */ (this.getAttribute("placement") ?? "bottom-end");
    const isRtl = getComputedStyle(this).direction === "rtl";
    const size = { width: parseFloat(inlineSize), height: WISHED_HEIGHT };
    const at = place(this.#button.getBoundingClientRect(), size, viewport, wished, isRtl);
    for (const side of /** @type {const} */ (["left", "top", "bottom"])) {
      element.style.setProperty(`--_${side}`, at[side] === null ? "auto" : `${at[side]}px`);
    }
    element.style.setProperty("--_room", `${at.height}px`);
    element.style.setProperty("--_side", at.top === null ? "-1" : "1");
  }

  #markSeen() {
    const { phase } = this.#client?.state ?? {};
    if (phase === "ready" && this.#client?.view.unseenCount) void this.#client.mark("seen", null);
  }

  /**
   * @param {Mark} mark
   * @param {Notification | null} notification
   */
  async #mark(mark, notification) {
    const isDone = await this.#client?.mark(mark, notification?.id ?? null);
    if (isDone === false) this.#panel.say(this.#texts.notSaved);
  }

  /** @param {Notification} notification */
  #archive(notification) {
    const { archived, undo } = this.#texts;
    this.#panel.say(archived, {
      label: undo,
      run: () => void this.#mark("unarchive", notification),
    });
    void this.#mark("archive", notification);
  }

  /**
   * @param {Notification} notification
   * @param {MouseEvent} event
   */
  #activate(notification, event) {
    const isFollowed = this.#fire("notify-clicked", { notification }, true);
    if (!isFollowed) event.preventDefault();
    if (isUnread(notification)) void this.#mark("read", notification);
    const opensHere = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    const isLink = event.currentTarget instanceof HTMLAnchorElement;
    if (opensHere && (isLink || !isFollowed)) this.hide();
  }

  /**
   * @param {string} name
   * @param {object} detail
   * @param {boolean} [cancelable]
   * @returns {boolean} false when the page prevented the default
   */
  #fire(name, detail, cancelable = false) {
    const event = new CustomEvent(name, { detail, cancelable, bubbles: true, composed: true });
    return this.dispatchEvent(event);
  }
}

/** @type {Partial<Record<Mark, string>>} */
const EVENT_OF = { read: "notify-read", unread: "notify-unread", archive: "notify-archived" };

/** @param {Event} event */
function detail(event) {
  return /** @type {CustomEvent} */ (event).detail;
}
