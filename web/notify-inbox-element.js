/** The inbox in the page: no button, no panel, always there. */
import { InboxElement } from "./inbox-element.js";
import { LatePane } from "./late-pane.js";
import { adopt, pageStyles } from "./styles.js";

/**
 * @summary The signed-in user's notifications, inline; fills the box that the page gives it.
 *
 * @cssproperty --notify-bell-height - Its height, where the page's style sheet gives none.
 */
export class NotifyInboxElement extends InboxElement {
  #pane = new LatePane({
    element: this,
    place: (inside) => this.root.prepend(inside),
    close: null,
    filled: () => this.#filled(),
  });
  #isInView = false;
  #watch = new IntersectionObserver((entries) => this.#onSight(entries));

  constructor() {
    super();
    adopt(this.root, pageStyles);
    this.root.append(this.status);
    this.root.addEventListener("keydown", (event) => this.#pane.press(/** @type {KeyboardEvent} */ (event)));
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    this.#pane.fetch();
    this.#watch.observe(this);
  }

  /** @override */
  disconnectedCallback() {
    this.#watch.disconnect();
    this.#pane.hide();
    super.disconnectedCallback();
  }

  /** @override */
  rebuild() {
    this.#pane.rebuild();
  }

  /** @override */
  render() {
    this.#pane.update();
  }

  /** @override */
  loaded() {
    this.#see();
  }

  /** @override */
  received() {
    this.#see();
  }

  /** @param {IntersectionObserverEntry[]} entries */
  #onSight(entries) {
    this.#isInView = entries.at(-1)?.isIntersecting ?? false;
    this.#see();
  }

  #filled() {
    this.#pane.show();
    this.#see();
  }

  #see() {
    const isSeen = this.#isInView && this.#pane.isFilled && document.visibilityState === "visible";
    if (isSeen) this.markSeen();
  }
}
