/** The bell: a button with a count, there at once; its panel's code comes when the page is idle. */
import { BELL, button, drawing, h } from "./dom.js";
import { InboxElement } from "./inbox-element.js";
import { LatePane } from "./late-pane.js";
import { PanelView } from "./panel-view.js";
import { adopt, bellStyles } from "./styles.js";

const HIGHEST_COUNT = 99;
/** The page's own work goes first, but not for ever. */
const IDLE_TIMEOUT_MS = 3000;

/**
 * @summary A bell with a badge, and the signed-in user's notifications behind it.
 *
 * @attribute placement - "bottom-end" (default), "bottom-start", "top-end" or "top-start"; the panel flips when there is no room.
 *
 * @property {boolean} open - Whether the panel is open; read only, see `show()` and `hide()`.
 *
 * @event notify-opened - The panel opened.
 * @event notify-closed - The panel closed.
 *
 * @slot icon - In place of the bell.
 *
 * @csspart button - The button.
 * @csspart badge - The count on the button.
 * @csspart panel - The panel.
 * @csspart close - Closes the panel; seen on phones.
 *
 * @cssproperty --notify-bell-badge - Background of the badge.
 * @cssproperty --notify-bell-badge-text - Text of the badge.
 * @cssproperty --notify-bell-badge-ring - Line around the badge; the colour behind the bell.
 * @cssproperty --notify-bell-width - The panel's width.
 * @cssproperty --notify-bell-height - The panel's greatest height.
 * @cssproperty --notify-bell-size - The button's size.
 */
export class NotifyBellElement extends InboxElement {
  #badge = h("span", { part: "badge", class: "badge", "aria-hidden": "true" });
  #button = button("button", "", h("slot", { name: "icon" }, drawing("bell", BELL)), this.#badge);
  #panel = new PanelView(this, this.#button, {
    opening: () => this.#opening(),
    opened: () => this.#opened(),
    closed: () => this.#closed(),
  });
  #pane = new LatePane({
    element: this,
    place: (inside) => this.#panel.element.append(inside),
    close: () => this.hide(),
    filled: () => this.open && this.#opening(),
  });

  constructor() {
    super();
    adopt(this.root, bellStyles);
    this.root.append(this.#button, this.#panel.element, this.status);
    this.#button.ariaHasPopup = "dialog";
    this.#button.ariaExpanded = "false";
    this.#button.popoverTargetElement = this.#panel.element;
    this.#button.addEventListener("animationend", () => this.#button.classList.remove("rung"));
    this.#panel.element.addEventListener("keydown", (event) => this.#pane.press(event));
    for (const sign of ["pointerenter", "focus", "pointerdown"]) {
      this.#button.addEventListener(sign, () => this.#pane.fetch());
    }
  }

  get open() {
    return this.#panel.isOpen;
  }

  show() {
    this.#panel.show();
  }

  hide() {
    this.#panel.hide();
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    const prepare = () => this.isConnected && this.#pane.fetch();
    if ("requestIdleCallback" in globalThis) requestIdleCallback(prepare, { timeout: IDLE_TIMEOUT_MS });
    else setTimeout(prepare, IDLE_TIMEOUT_MS / 10);
  }

  /** @override */
  disconnectedCallback() {
    this.#panel.drop();
    this.#pane.hide();
    super.disconnectedCallback();
  }

  /** @override */
  rebuild() {
    this.#panel.element.ariaLabel = this.texts.notifications;
    this.#pane.rebuild();
    this.schedule();
  }

  /** @override */
  render() {
    const { unreadCount } = this;
    this.#badge.hidden = unreadCount === 0;
    this.#badge.textContent = unreadCount > HIGHEST_COUNT ? `${HIGHEST_COUNT}+` : `${unreadCount}`;
    this.#button.ariaLabel = this.texts.bell(unreadCount);
    if (this.open) this.#pane.update();
  }

  /** @override */
  loaded() {
    if (this.open) this.markSeen();
  }

  /** @override */
  received() {
    this.#button.classList.add("rung");
    if (this.open) this.markSeen();
  }

  #opening() {
    this.#pane.fetch();
    this.#pane.show();
  }

  #opened() {
    this.markSeen();
    this.fire("notify-opened", {});
  }

  #closed() {
    this.#pane.hide();
    this.fire("notify-closed", {});
  }
}
