/**
 * The elements' words in the reader's language. English is built in; every other language is a file
 * in `lang/`, beside this script, fetched when an element wants it.
 *
 * @import { Language } from "./lang/language.js"
 */

/** The files in `lang/`, but for English. */
const LANGUAGES = ["ar", "de", "es", "fr", "ja", "pt", "zh"];
/** English, with nothing in place of it. @type {Partial<Language>} */
export const BUILT_IN = {};

/**
 * The file for a locale: "pt" for "pt-BR", "" where there is none.
 *
 * @param {string} locale
 * @returns {string}
 */
export function languageOf(locale) {
  const name = locale.toLowerCase();
  return !name || LANGUAGES.includes(name) ? name : languageOf(name.replace(/[-_]?[^-_]*$/, ""));
}

/**
 * Without the file, or a network, it stays English.
 *
 * @param {string} locale
 * @returns {Promise<Partial<Language>>}
 */
export async function loadLanguage(locale) {
  const name = languageOf(locale);
  return name ? import(`./lang/${name}.js`).catch(() => BUILT_IN) : BUILT_IN;
}
