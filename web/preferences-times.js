/**
 * When a user is not to be disturbed, when digests come, and by which clock.
 *
 * @import { Day, PreferencesContext, PreferencesSection, Settings } from "./preferences-types.js"
 */
import { h } from "./dom.js";
import { field, section, TimeField, toggle } from "./preferences-controls.js";
import { browserZone, setFields, zoneWith } from "./preferences-draft.js";

/** @type {Day[]} */
const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
/** A Monday. */
const SOME_MONDAY = Date.UTC(2024, 0, 1);
const NIGHT = { start: "22:00", end: "07:00", days: WEEKDAYS };

/**
 * @param {PreferencesContext} context
 * @returns {PreferencesSection}
 */
export function quietSection(context) {
  const { labels } = context;
  const view = new QuietView(context);
  const element = section(labels.quietHours, labels.quietHint, view.fields);
  element.firstElementChild?.append(view.switch);
  return { element, update: (settings) => view.update(settings) };
}

class QuietView {
  #context;
  /** @type {Settings | null} */
  #settings = null;
  #start;
  #end;
  /** @type {Map<Day, HTMLInputElement>} */
  #days = new Map();

  /** @param {PreferencesContext} context */
  constructor(context) {
    const { labels } = (this.#context = context);
    this.switch = toggle(labels.quietHours, (isOn) => this.#put(isOn ? NIGHT : null));
    this.#start = new TimeField(labels.quietFrom, () => this.#change());
    this.#end = new TimeField(labels.quietTo, () => this.#change());
    const days = h("fieldset", { class: "days" }, h("legend", {}, labels.quietDays), ...this.#makeDays());
    this.fields = h("div", { class: "line" }, this.#start.element, this.#end.element, days);
  }

  /** @param {Settings} settings */
  update(settings) {
    this.#settings = settings;
    const hours = settings.quiet_hours;
    this.switch.checked = Boolean(hours);
    this.fields.hidden = !hours;
    if (!hours) return;
    this.#start.value = hours.start;
    this.#end.value = hours.end;
    for (const [day, input] of this.#days) input.checked = hours.days.includes(day);
  }

  #makeDays() {
    const { locale } = this.#context;
    return WEEKDAYS.map((day, number) => {
      const input = h("input", { type: "checkbox", part: "day-choice" });
      input.addEventListener("change", () => this.#change());
      this.#days.set(day, input);
      const name = (/** @type {"short" | "long"} */ weekday) =>
        new Intl.DateTimeFormat(locale, { weekday, timeZone: "UTC" }).format(SOME_MONDAY + number * 86_400_000);
      input.ariaLabel = name("long");
      return h("label", { part: "day", class: "day" }, input, name("short"));
    });
  }

  #change() {
    const { value: start } = this.#start;
    const { value: end } = this.#end;
    const days = WEEKDAYS.filter((day) => this.#days.get(day)?.checked);
    if (start && end && start !== end && days.length) return this.#put({ start, end, days });
    this.#context.say(this.#context.labels.quietInvalid);
    if (this.#settings) this.update(this.#settings);
  }

  /** @param {Settings["quiet_hours"]} quiet_hours */
  #put(quiet_hours) {
    if (!this.#settings) return;
    const zone = quiet_hours ? zoneWith(this.#settings) : {};
    this.#context.put(setFields({ quiet_hours, ...zone }));
  }
}

/**
 * @param {PreferencesContext} context
 * @param {Settings} first
 * @returns {PreferencesSection}
 */
export function timesSection({ labels, put }, first) {
  let shown = first;
  const zone = h("select", { part: "zone", class: "input" });
  const offer = (/** @type {string} */ name, isChosen = false) =>
    zone.add(new Option(name.replaceAll("_", " "), name, false, isChosen));
  zones(first.time_zone).forEach((name) => offer(name));
  zone.addEventListener("change", () => put(setFields({ time_zone: zone.value })));
  const digestAt = new TimeField(labels.digestAt, () =>
    put(setFields({ digest_at: digestAt.value || null, ...zoneWith(shown) })),
  );
  const fields = h("div", { class: "line" }, digestAt.element, field(labels.timeZone, zone));
  return {
    element: section(labels.times, labels.digestAtHint, fields),
    update: (settings) => {
      shown = settings;
      const name = settings.time_zone ?? browserZone();
      zone.value = name;
      // Browsers do not name all zones alike.
      if (zone.value !== name) offer(name, true);
      digestAt.value = settings.digest_at ?? "";
    },
  };
}

/**
 * All the browser knows, the user's own among them even if it does not.
 *
 * @param {string | null} own
 */
function zones(own) {
  const known = Intl.supportedValuesOf("timeZone");
  return [...new Set([...known, browserZone(), own ?? "UTC", "UTC"])].sort();
}
