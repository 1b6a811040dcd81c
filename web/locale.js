/** The language of dates and numbers, from what a page says it is. Pure. */

/**
 * As `Intl` takes it: "de-DE" for "de_DE", English for what is no language.
 *
 * @param {string} tag
 * @returns {string}
 */
export function localeOf(tag) {
  try {
    return new Intl.Locale(tag.replaceAll("_", "-")).toString();
  } catch {
    return "en";
  }
}
