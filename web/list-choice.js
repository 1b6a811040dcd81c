/**
 * The title of an inbox: the name of the list that is shown, and the choice of another.
 *
 * @import { Filter, Labels } from "./types.js"
 */
import { h } from "./dom.js";
import { icon } from "./icons.js";

export class ListChoice {
  #names;
  #select;
  heading = h("h2", { part: "heading", class: "heading", id: "heading" });
  element;

  /**
   * @param {Labels} labels
   * @param {(status: Filter["status"]) => void} onChosen
   */
  constructor(labels, onChosen) {
    this.#names = { all: labels.notifications, snoozed: labels.snoozedList, archived: labels.archivedList };
    const options = Object.entries(this.#names).map(([value, name]) => h("option", { value }, name));
    // The browser's own list opens from anywhere on the title: on phones, too, and with every key.
    this.#select = h("select", { class: "lists", "aria-label": labels.lists }, ...options);
    this.#select.addEventListener("change", () => onChosen(/** @type {Filter["status"]} */ (this.#select.value)));
    this.element = h("div", { class: "choice" }, this.heading, icon("down"), this.#select);
  }

  /** @param {Filter["status"]} status */
  update(status) {
    const list = status === "unread" ? "all" : status;
    this.#select.value = list;
    if (this.heading.textContent !== this.#names[list]) this.heading.textContent = this.#names[list];
  }
}
