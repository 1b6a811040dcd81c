/**
 * An element's inbox, whose code is a file of its own.
 *
 * @import { InboxElement } from "./inbox-element.js"
 * @import { InboxPane } from "./inbox-view.js"
 */
import { LateCode } from "./late-code.js";
import { adopt } from "./styles.js";

/**
 * @typedef {object} LatePaneOptions
 * @property {InboxElement} element
 * @property {(inside: HTMLElement) => void} place puts what there is to see into the element
 * @property {(() => void) | null} close null: there is nothing to close
 * @property {() => void} filled the inbox is in its place
 */

export class LatePane {
  #options;
  #code;
  /** @type {typeof InboxPane | null} */
  #Pane = null;
  /** @type {InboxPane | null} */
  #pane = null;
  #stop = () => {};

  /** @param {LatePaneOptions} options */
  constructor(options) {
    const { element, place } = (this.#options = options);
    this.#code = new LateCode({
      element,
      place,
      failed: () => element.texts.failedTitle,
      load: () => import("./notifybell-panel.js"),
      arrived: ({ InboxPane, inboxStyles }) => {
        this.#Pane = InboxPane;
        adopt(element.root, inboxStyles);
        this.#fill();
      },
    });
  }

  get isFilled() {
    return this.#pane !== null;
  }

  /** Fetches the code, unless it is there. */
  fetch() {
    void this.#code.fetch();
  }

  /** Makes the inbox anew. */
  rebuild() {
    this.hide();
    this.#pane?.dispose();
    this.#pane?.element.remove();
    this.#pane = null;
    this.#code.retell();
    this.#fill();
  }

  show() {
    this.hide();
    this.#stop = this.#pane?.show() ?? (() => {});
    this.update();
  }

  hide() {
    this.#stop();
    this.#stop = () => {};
  }

  update() {
    this.#pane?.update();
  }

  /** @param {KeyboardEvent} event */
  press(event) {
    this.#pane?.press(event);
  }

  #fill() {
    const { element, place, close, filled } = this.#options;
    if (!this.#Pane || !element.client || this.#pane) return;
    this.#pane = new this.#Pane({
      client: element.client,
      host: element,
      labels: element.texts,
      locale: element.locale,
      tabs: element.getAttribute("tabs"),
      renderItem: element.renderItem,
      fire: (name, detail, cancelable) => element.fire(name, detail, cancelable),
      close,
    });
    place(this.#pane.element);
    filled();
  }
}
