/**
 * Toasts: what arrives while the page is looked at, for some seconds, in a corner.
 *
 * @import { Notification } from "./types.js"
 */
import { hrefOf } from "./action-link.js";
import { h } from "./dom.js";
import { badgeIcon } from "./favicon-badge.js";
import { InboxElement } from "./inbox-element.js";
import { english } from "./labels.js";
import { localeOf } from "./locale.js";
import { onTick } from "./relative-time.js";
import { chime } from "./sound.js";
import { isUnread } from "./status.js";
import { adopt, pageStyles } from "./styles.js";
import { badgeTitle } from "./title-badge.js";
import { isLookedAt, isMissed, takeTurn } from "./toast-turn.js";
import { ToastView } from "./toast-view.js";
import { toastsEnglish } from "./toasts-labels.js";
import { toastsStyles } from "./toasts-styles.js";

const TOAST_MS = 6000;
const MOST_TOASTS = 3;
const BADGE_ATTRIBUTES = ["title-badge", "favicon-badge"];

/**
 * @summary Shows what arrives, in the tab that is looked at and only there. What arrived earlier is in the inbox.
 *
 * @attribute token - The user's JWT, made by the page's own backend.
 * @attribute server-url - The NotifyBell server; by default the one this script came from.
 * @attribute theme - "soft" or "contrast" in place of the plain looks, "light" or "dark" in place of the page's `color-scheme`; or one of each: "soft dark".
 * @attribute no-storage - Keeps nothing in this browser for the next visit; set before the token.
 * @attribute lang - Language of the words and dates; by default that of the page around it, else the browser's.
 * @attribute position - "bottom-end" (default), "bottom-center", "bottom-start", "top-end", "top-center" or "top-start".
 * @attribute duration - Milliseconds until a toast goes, 6000 by default; "0": it stays. Time stands still under the pointer, with the focus inside and while the tab is hidden.
 * @attribute max - How many are shown at once, 3 by default; the oldest goes first.
 * @attribute sound - A short chime with each; only once the user has touched the page.
 * @attribute title-badge - The number of unread ones before the page's title: "(3) Shop".
 * @attribute favicon-badge - "count" (default) or "dot" over the page's icon. Needs an icon of the page's own origin, and `img-src data:` where there is a policy.
 *
 * @property {string} token - The attribute.
 * @property {string} serverUrl - The attribute.
 * @property {(() => Promise<string>) | null} onTokenExpired - Asked for a fresh token when the old one ends.
 * @property {object} labels - Texts in place of the built-in ones.
 * @property {number} unreadCount - Read only.
 *
 * @event notify-toast - A toast is about to be shown; `detail.notification`. `preventDefault()` stops it, and its sound.
 * @event notify-received - A notification arrived, shown or not; `detail.notification`.
 * @event notify-clicked - A toast or a link in it was clicked; `detail.notification`, and `detail.href`, where that leads, or null. `preventDefault()` stops the navigation.
 * @event notify-read - It is read by that; `detail.notification`.
 * @event notify-token-expired - The token has ended; `onTokenExpired` is asked, or set `token` now.
 * @event notify-error - Something failed; `detail.error`.
 *
 * @csspart toasts - The corner.
 * @csspart toast - A toast.
 * @csspart title - Its title.
 * @csspart content - Its text.
 * @csspart link - A link in the text.
 * @csspart strong - Bold in the text.
 * @csspart em - Italic in the text.
 * @csspart code - Code in the text.
 * @csspart time - How long ago.
 * @csspart dismiss - Takes it away.
 *
 * @cssproperty --notify-bell-accent - Focus rings.
 * @cssproperty --notify-bell-badge - The badge on the page's icon.
 * @cssproperty --notify-bell-surface - Background.
 * @cssproperty --notify-bell-hover - Background of the button under the pointer.
 * @cssproperty --notify-bell-text - Text.
 * @cssproperty --notify-bell-muted - Secondary text.
 * @cssproperty --notify-bell-border - Lines.
 * @cssproperty --notify-bell-shadow - Shadow.
 * @cssproperty --notify-bell-radius - Corners.
 * @cssproperty --notify-bell-width - Width.
 * @cssproperty --notify-bell-lines - Lines of text.
 * @cssproperty --notify-bell-font - Font family.
 * @cssproperty --notify-bell-font-size - Font size.
 */
export class NotifyToastsElement extends InboxElement {
  /** @override */
  static observedAttributes = ["token", "server-url", "lang", ...BADGE_ATTRIBUTES];

  #list = h("ol", { class: "toast-list" });
  #corner = h("section", { part: "toasts", class: "toasts", popover: "manual" }, this.#list);
  /** Oldest first. @type {ToastView[]} */
  #toasts = [];
  /** @type {Map<ToastView, ReturnType<typeof setTimeout>>} */
  #timers = new Map();
  #life = new AbortController();
  /** What had the focus before a toast. @type {HTMLElement | null} */
  #before = null;

  constructor() {
    super();
    adopt(this.root, pageStyles, toastsStyles);
    this.root.append(this.#corner, this.status);
    for (const sign of ["pointerenter", "focusin"]) this.#corner.addEventListener(sign, () => this.#hold());
    this.#corner.addEventListener("focusin", ({ relatedTarget: from }) => {
      if (from instanceof HTMLElement && !this.#corner.contains(from)) this.#before = from;
    });
    for (const sign of ["pointerleave", "focusout"]) {
      this.#corner.addEventListener(sign, () => queueMicrotask(() => this.#runOn()));
    }
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    this.#life = new AbortController();
    const { signal } = this.#life;
    document.addEventListener("keydown", (event) => this.#onKey(event), { signal });
    document.addEventListener("visibilitychange", () => this.#runOn(), { signal });
    signal.addEventListener("abort", onTick(() => this.#toasts.forEach((toast) => toast.tick())));
  }

  /** @override */
  disconnectedCallback() {
    this.#life.abort();
    super.disconnectedCallback();
    queueMicrotask(() => this.isConnected || this.#badge(0));
  }

  /**
   * @override
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (!BADGE_ATTRIBUTES.includes(name)) return super.attributeChangedCallback(name, before, after);
    if (after === null) this.#badge(0, name);
    this.schedule();
  }

  /** @override */
  get texts() {
    return this.translated({ ...english, ...toastsEnglish });
  }

  /** @override */
  rebuild() {
    this.#corner.ariaLabel = this.texts.notifications;
    if (!this.client) for (const toast of this.#toasts) this.#remove(toast);
    this.schedule();
  }

  /** @override */
  render() {
    this.#badge(this.unreadCount);
    const rows = this.client?.state.rows;
    const items = new Map(this.client?.view.items.map((item) => [item.id, item]));
    for (const toast of this.#toasts) {
      const { id } = toast.notification;
      const item = items.get(id);
      // Read, archived or gone, here or on another device: no news any more.
      if (rows?.has(id) && !(item && isUnread(item))) this.#remove(toast);
    }
  }

  /**
   * @override
   * @param {Notification[]} notifications
   */
  received(notifications) {
    if (!isLookedAt()) return;
    const news = notifications.filter((notification) => !isMissed(notification));
    void this.#showThose(news);
  }

  /** @param {Notification[]} notifications newest first */
  async #showThose(notifications) {
    let isAnyShown = false;
    for (const notification of notifications.slice(0, this.#max).reverse()) {
      const { id, place } = notification;
      if (!(await takeTurn(`notifybell toast ${id} ${place}`)) || !this.isConnected) continue;
      if (this.fire("notify-toast", { notification }, true)) {
        this.#add(notification);
        isAnyShown = true;
      }
    }
    if (isAnyShown && this.hasAttribute("sound")) void chime();
  }

  get #max() {
    return Math.max(1, this.#number("max", MOST_TOASTS));
  }

  /**
   * @param {string} attribute
   * @param {number} otherwise
   */
  #number(attribute, otherwise) {
    const text = this.getAttribute(attribute);
    const number = Number(text);
    return text && number >= 0 ? number : otherwise;
  }

  /** @param {Notification} notification */
  #add(notification) {
    const toast = new ToastView(notification, {
      dismissLabel: this.texts.dismiss,
      locale: localeOf(this.locale),
      activate: (clicked, event) => this.#activate(clicked, event),
      dismiss: (dismissed) => this.#remove(dismissed),
    });
    this.#toasts.push(toast);
    // At the far end from the edge: what is shown already stays where the pointer is going.
    const isAtTop = this.getAttribute("position")?.startsWith("top");
    this.#list[isAtTop ? "append" : "prepend"](toast.element);
    while (this.#toasts.length > this.#max) this.#remove(/** @type {ToastView} */ (this.#toasts[0]));
    this.#corner.showPopover();
    this.#runOn();
  }

  /** @param {ToastView} toast */
  #remove(toast) {
    const hadFocus = toast.element.matches(":focus-within");
    clearTimeout(this.#timers.get(toast));
    this.#timers.delete(toast);
    this.#toasts = this.#toasts.filter((other) => other !== toast);
    toast.element.remove();
    if (hadFocus) (this.#toasts.at(-1)?.main ?? this.#before)?.focus();
    if (this.#toasts.length) this.#runOn();
    else if (this.#corner.isConnected) this.#corner.hidePopover();
  }

  /**
   * @param {Notification} notification
   * @param {MouseEvent} event
   */
  async #activate(notification, event) {
    const detail = { notification, href: hrefOf(event) };
    if (!this.fire("notify-clicked", detail, true)) event.preventDefault();
    const isSaved = await this.client?.clicked(notification.id);
    if (isSaved) this.fire("notify-read", { notification });
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const inUse = this.#toasts.find(({ element }) => element.matches(":focus-within, :hover"));
    if (!inUse) return;
    event.preventDefault();
    this.#remove(inUse);
  }

  #hold() {
    this.#timers.forEach(clearTimeout);
    this.#timers.clear();
  }

  /** Gives each toast its time again, unless somebody looks at one, or nobody at the page. */
  #runOn() {
    if (!isLookedAt() || this.#corner.matches(":hover, :focus-within")) return this.#hold();
    const duration = this.#number("duration", TOAST_MS);
    if (!duration) return;
    for (const toast of this.#toasts) {
      if (this.#timers.has(toast)) continue;
      this.#timers.set(toast, setTimeout(() => this.#remove(toast), duration));
    }
  }

  /**
   * @param {number} count
   * @param {string} [only] the attribute that has gone
   */
  #badge(count, only) {
    const wants = (/** @type {string} */ name) => only === name || (!only && this.hasAttribute(name));
    if (wants("title-badge")) badgeTitle(count);
    if (!wants("favicon-badge")) return;
    const style = this.getAttribute("favicon-badge") === "dot" ? "dot" : "count";
    const colour = getComputedStyle(this).getPropertyValue("--_badge");
    void badgeIcon(count, style, colour);
  }
}
