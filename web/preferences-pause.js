/**
 * The pause: started with one click, and ended with one.
 *
 * @import { PreferencesContext, PreferencesSection } from "./preferences-types.js"
 */
import { h } from "./dom.js";
import { field, section, textButton } from "./preferences-controls.js";
import { setFields } from "./preferences-draft.js";
import { localMinute, snoozeTime } from "./snooze-times.js";

const PAUSE_HOUR_MS = 3_600_000;
const WORK_BEGINS_HOUR = 9;

/**
 * @param {PreferencesContext} context
 * @returns {PreferencesSection}
 */
export function pauseSection(context) {
  const { labels, locale, put } = context;
  const text = h("strong", { part: "paused" });
  const end = textButton("end-pause", labels.endPause, () => put(setFields({ paused_until: null })));
  const begin = (/** @type {Date} */ until) => put(setFields({ paused_until: until.toISOString() }));
  const choices = h("div", { class: "line" }, ...pauseButtons(context, begin), pauseForm(context, begin));
  const paused = h("div", { class: "line", hidden: "" }, text, end);
  return {
    element: section(labels.pause, labels.pauseHint, choices, paused),
    update: ({ paused_until }) => {
      const until = new Date(paused_until ?? 0);
      const now = new Date();
      const isPaused = until > now;
      if (isPaused) text.textContent = labels.pausedUntil(snoozeTime(until, now, locale));
      if (choices.hidden !== isPaused) swap(isPaused ? choices : paused, isPaused ? paused : choices);
    },
  };
}

/**
 * Shows one in place of the other; the focus goes along.
 *
 * @param {HTMLElement} out
 * @param {HTMLElement} into
 */
function swap(out, into) {
  const hadFocus = out.matches(":focus-within");
  into.hidden = false;
  out.hidden = true;
  if (hadFocus) into.querySelector("button")?.focus();
}

/**
 * @param {PreferencesContext} context
 * @param {(until: Date) => void} begin
 */
function pauseButtons({ labels }, begin) {
  return [
    textButton("pause", labels.pauseOneHour, () => begin(new Date(Date.now() + PAUSE_HOUR_MS))),
    textButton("pause", labels.pauseTomorrow, () => begin(morningOf(daysAhead(1)))),
    textButton("pause", labels.pauseOneWeek, () => begin(daysAhead(7))),
  ];
}

/**
 * The same time of day, by the calendar: a change of the clocks does not shift it.
 *
 * @param {number} days
 */
function daysAhead(days) {
  const date = new Date();
  date.setDate(date.getDate() + days);
  return date;
}

/** @param {Date} date */
function morningOf(date) {
  date.setHours(WORK_BEGINS_HOUR, 0, 0, 0);
  return date;
}

/**
 * Until a time of the user's own.
 *
 * @param {PreferencesContext} context
 * @param {(until: Date) => void} begin
 */
function pauseForm({ labels }, begin) {
  const input = h("input", {
    ...{ type: "datetime-local", part: "time", class: "input", required: "" },
    value: localMinute(daysAhead(1)),
  });
  const done = textButton("pause", labels.pause, () => (input.min = localMinute(new Date())));
  done.type = "submit";
  const form = h("form", { class: "line" }, field(labels.pauseUntil, input), done);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    begin(new Date(input.value));
  });
  return form;
}
