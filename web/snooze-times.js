/**
 * When a snooze ends. Pure, in the user's own time zone.
 *
 * @typedef {"inOneHour" | "thisMorning" | "thisEvening" | "tomorrow" | "nextWeek"} SnoozeName
 * @typedef {{ name: SnoozeName, until: Date }} SnoozeChoice
 */

/** Whoever is up before this hour means by "tomorrow" the day after the night. */
const DAWN_HOUR = 5;
const MORNING_HOUR = 9;
const EVENING_HOUR = 18;
const MONDAY = 1;

/**
 * What the menu offers now: in the night this morning, by day this evening while that is more than
 * an hour away.
 *
 * @param {Date} now
 * @returns {SnoozeChoice[]}
 */
export function snoozeChoices(now) {
  const isNight = now.getHours() < DAWN_HOUR;
  const evening = onDay(now, 0, EVENING_HOUR);
  const isDay = !isNight && evening.getTime() - now.getTime() > 3_600_000;
  const daysToMonday = (7 + MONDAY - now.getDay()) % 7 || 7;
  return [
    { name: "inOneHour", until: new Date(now.getTime() + 3_600_000) },
    ...(isNight ? [{ name: /** @type {const} */ ("thisMorning"), until: onDay(now, 0, MORNING_HOUR) }] : []),
    ...(isDay ? [{ name: /** @type {const} */ ("thisEvening"), until: evening }] : []),
    { name: "tomorrow", until: onDay(now, 1, MORNING_HOUR) },
    { name: "nextWeek", until: onDay(now, daysToMonday, MORNING_HOUR) },
  ];
}

/**
 * By the calendar, so that a change of the clocks does not shift the hour.
 *
 * @param {Date} now
 * @param {number} days
 * @param {number} hour
 */
function onDay(now, days, hour) {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + days, hour);
}

/**
 * As an `<input type="datetime-local">` writes it.
 *
 * @param {Date} date
 */
export function localMinute(date) {
  const two = (/** @type {number} */ number) => String(number).padStart(2, "0");
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}`;
}

/**
 * "Thu, 09:00": with the date when it is more than six days away.
 *
 * @param {Date} date
 * @param {Date} now
 * @param {string} locale
 */
export function snoozeTime(date, now, locale) {
  const isNear = date.getTime() - now.getTime() < 6 * 86_400_000;
  const day = isNear ? { weekday: "short" } : { day: "numeric", month: "short" };
  const options = { ...day, hour: "numeric", minute: "2-digit" };
  const format = new Intl.DateTimeFormat(locale, /** @type {Intl.DateTimeFormatOptions} */ (options));
  return format.format(date);
}
