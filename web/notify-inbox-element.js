/** The inbox in the page: no button, no panel, always there. */
import { InboxElement } from "./inbox-element.js";
import { inboxStyles } from "./inbox-styles.js";
import { InboxPane } from "./inbox-view.js";
import { adopt, pageStyles } from "./styles.js";

/**
 * @summary The signed-in user's notifications, inline; fills the box that the page gives it.
 *
 * @cssproperty --notify-bell-height - Its height, where the page's style sheet gives none.
 */
export class NotifyInboxElement extends InboxElement {
  /** @type {InboxPane | null} */
  #pane = null;
  #isInView = false;
  #watch = new IntersectionObserver((entries) => this.#onSight(entries));
  #stopPane = () => {};

  constructor() {
    super();
    adopt(this.root, pageStyles, inboxStyles);
    this.root.append(this.status);
    this.root.addEventListener("keydown", (event) => this.#pane?.press(/** @type {KeyboardEvent} */ (event)));
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    this.#watch.observe(this);
  }

  /** @override */
  disconnectedCallback() {
    this.#watch.disconnect();
    this.#stopPane();
    super.disconnectedCallback();
  }

  /** @override */
  rebuild() {
    this.#stopPane();
    this.#pane?.dispose();
    this.#pane?.element.remove();
    this.#pane = this.client && this.#makePane(this.client);
    if (!this.#pane) return;
    this.root.prepend(this.#pane.element);
    this.#stopPane = this.#pane.show();
    // At once: the page is not to be painted with an empty box in it.
    this.render();
  }

  /** @override */
  render() {
    this.#pane?.update();
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

  #see() {
    if (this.#isInView && document.visibilityState === "visible") this.markSeen();
  }

  /** @param {import("./client.js").InboxClient} client */
  #makePane(client) {
    return new InboxPane({
      client,
      host: this,
      labels: this.texts,
      locale: this.locale,
      tabs: this.getAttribute("tabs"),
      renderItem: this.renderItem,
      fire: (name, detail, cancelable) => this.fire(name, detail, cancelable),
      close: null,
    });
  }
}
