/**
 * Categories by channels: a table of switches, each with its digest; cards where it is narrow.
 *
 * @import { CategoryChoices, ChannelChoice, PreferencesContext, PreferencesSection, Settings } from "./preferences-types.js"
 */
import { h } from "./dom.js";
import { section, toggle } from "./preferences-controls.js";
import { choose, zoneWith } from "./preferences-draft.js";

const IN_APP = "in_app";
const WINDOWS = ["", "15m", "hourly", "daily", "weekly"];

/**
 * @param {PreferencesContext} context
 * @param {Settings} settings
 * @returns {PreferencesSection}
 */
export function matrixSection(context, { categories }) {
  const { labels } = context;
  /** @type {Map<string, Cell>} */
  const cells = new Map();
  const rows = categories.map((category) => matrixRow(context, category, cells));
  // Browsers forget what a table is when a style sheet shows it as cards; the roles stay.
  const table = h(
    "table",
    { part: "table", role: "table", "aria-label": labels.categoriesByChannels },
    h("thead", { role: "rowgroup" }, matrixHead(context, categories[0]?.channels ?? [])),
    h("tbody", { role: "rowgroup" }, ...rows),
  );
  return {
    element: section(labels.categoriesByChannels, "", table),
    update: (settings) => {
      for (const { key, channels } of settings.categories) {
        for (const choice of channels) cells.get(`${key} ${choice.name}`)?.update(choice, settings);
      }
    },
  };
}

/**
 * @param {PreferencesContext} context
 * @param {ChannelChoice[]} channels
 */
function matrixHead({ labels }, channels) {
  const names = [labels.category, ...channels.map(({ name }) => channelName(labels, name))];
  const heads = names.map((name) =>
    h("th", { scope: "col", role: "columnheader", part: "channel" }, name),
  );
  return h("tr", { role: "row" }, ...heads);
}

/**
 * @param {PreferencesContext} context
 * @param {CategoryChoices} category
 * @param {Map<string, Cell>} cells
 */
function matrixRow(context, category, cells) {
  const { key, label, required, channels } = category;
  const name = h("span", { dir: "auto" }, label);
  const head = h("th", { scope: "row", role: "rowheader", part: "category" }, name);
  if (required) {
    head.append(h("small", { part: "required", id: `required-${key}` }, context.labels.required));
  }
  const made = channels.map((choice) => {
    const cell = new Cell(context, category, choice);
    cells.set(`${key} ${choice.name}`, cell);
    return cell.element;
  });
  return h("tr", { role: "row", part: "row" }, head, ...made);
}

class Cell {
  #context;
  #key;
  #name;
  #switch;
  /** @type {HTMLSelectElement | null} */
  #digest = null;
  /** @type {Settings | null} */
  #settings = null;

  /**
   * @param {PreferencesContext} context
   * @param {CategoryChoices} category
   * @param {ChannelChoice} choice
   */
  constructor(context, { key, label, required }, { name }) {
    const { labels } = context;
    this.#context = context;
    this.#key = key;
    this.#name = name;
    const channel = channelName(labels, name);
    this.#switch = toggle(labels.choiceOf(channel, label), () => this.#put());
    const shown = h("span", { class: "channel", "aria-hidden": "true" }, channel);
    this.element = h("td", { role: "cell", part: "cell" }, shown, this.#switch);
    if (required) {
      this.#switch.disabled = true;
      this.#switch.setAttribute("aria-describedby", `required-${key}`);
    } else if (name !== IN_APP) {
      this.element.append((this.#digest = this.#makeDigest(labels.digestOf(channel, label))));
    }
  }

  /**
   * @param {ChannelChoice} choice
   * @param {Settings} settings
   */
  update({ enabled, digest }, settings) {
    this.#settings = settings;
    this.#switch.checked = enabled;
    if (!this.#digest) return;
    this.#digest.hidden = !enabled;
    // One that is off keeps its digest for when it is turned on again.
    if (!enabled) return;
    const window = digest ?? "";
    if (![...this.#digest.options].some(({ value }) => value === window)) this.#offer(window);
    this.#digest.value = window;
  }

  /** @param {string} label */
  #makeDigest(label) {
    this.#digest = h("select", { part: "digest", class: "input", "aria-label": label });
    for (const window of WINDOWS) this.#offer(window);
    this.#digest.addEventListener("change", () => this.#put());
    return this.#digest;
  }

  /** @param {string} window */
  #offer(window) {
    const text = windowName(this.#context, window);
    this.#digest?.append(h("option", { value: window }, text));
  }

  #put() {
    const enabled = this.#switch.checked;
    const digest = (enabled && this.#digest?.value) || null;
    // A digest comes by the user's clock.
    const zone = digest && this.#settings ? zoneWith(this.#settings) : {};
    this.#context.put(choose(this.#key, { name: this.#name, enabled, digest }, zone));
  }
}

/**
 * @param {PreferencesContext["labels"]} labels
 * @param {string} name
 */
function channelName({ channelNames }, name) {
  const words = name.replaceAll("_", " ");
  return channelNames[name] ?? words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * @param {PreferencesContext} context
 * @param {string} window as the API writes it; "": none
 */
function windowName({ labels, locale }, window) {
  const { atOnce, hourly, daily, weekly } = labels;
  const named = { "": atOnce, hourly, daily, weekly };
  if (window in named) return named[/** @type {keyof typeof named} */ (window)];
  const unit = window.endsWith("m") ? "minute" : "hour";
  const format = new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" });
  return labels.every(format.format(parseInt(window, 10)));
}
