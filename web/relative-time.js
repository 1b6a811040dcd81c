/** "5 min ago": pure formatting, and one clock for all bells of a page. */

/** @type {[Intl.RelativeTimeFormatUnit, number][]} */
const UNITS = [
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const WEEK_S = 7 * 86_400;
const TELL_TIME_MS = 30_000;

/**
 * @param {number} then epoch ms
 * @param {number} now epoch ms
 * @param {string} locale
 */
export function relativeTime(then, now, locale) {
  // The server's clock may be ahead of ours: nothing that has happened is in the future.
  const seconds = Math.max(0, (now - then) / 1000);
  if (seconds >= WEEK_S) return day(then, now, locale);
  const [unit, size] = UNITS.find(([, size]) => seconds >= size) ?? ["second", Infinity];
  // The narrow style of other languages is a sum ("-2 min") or cannot be read ("vor 2 m").
  const style = locale.startsWith("en") ? "narrow" : "short";
  const format = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style });
  return format.format(-Math.floor(seconds / size), unit);
}

/**
 * @param {number} then
 * @param {number} now
 * @param {string} locale
 */
function day(then, now, locale) {
  const isThisYear = new Date(then).getFullYear() === new Date(now).getFullYear();
  const year = isThisYear ? undefined : "numeric";
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year }).format(then);
}

/** @type {Set<() => void>} */
const listeners = new Set();
/** @type {ReturnType<typeof setInterval> | undefined} */
let timer;

/**
 * Calls twice a minute until the answer is called.
 *
 * @param {() => void} listener
 * @returns {() => void}
 */
export function onTick(listener) {
  listeners.add(listener);
  timer ??= setInterval(() => listeners.forEach((call) => call()), TELL_TIME_MS);
  return () => {
    listeners.delete(listener);
    if (listeners.size) return;
    clearInterval(timer);
    timer = undefined;
  };
}
