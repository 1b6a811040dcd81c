/**
 * The page in its reader's language: that of the address's `?lang=`, which this browser keeps, else
 * the user's own, else the browser's. All words are in one group of each file in `lang/`.
 */
import { hostedEnglish } from "../hosted-labels.js";
import { languageOf, loadLanguage } from "../languages.js";

const CHOSEN = "notifybell-inbox-lang";
/** Where a language takes longer, the page begins in English. */
const PATIENCE_MS = 1500;
/** Stands where an element goes into a sentence. */
const GAP = "\0";

const ENGLISH = hostedEnglish.hosted;
/** In the language of the moment. */
export let words = ENGLISH;

/**
 * Puts the page into the first language of the reader's that there is.
 *
 * @param {string | null} [own] of the user, where one is known
 */
export async function speak(own) {
  const wishes = [chosen(), own, ...navigator.languages, "en"];
  const locale = wishes.find((wish) => wish && isSpoken(wish)) ?? "en";
  const spoken = turnTo(locale);
  await Promise.race([spoken, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
}

/** @param {string} locale */
async function turnTo(locale) {
  const { texts, direction = "ltr" } = await loadLanguage(locale);
  words = texts?.hosted ?? ENGLISH;
  const page = document.documentElement;
  page.lang = texts || /^en/i.test(locale) ? locale : "en";
  page.dir = direction;
  for (const element of document.querySelectorAll("notify-inbox, notify-preferences")) {
    element.setAttribute("lang", page.lang);
  }
  fill();
}

/** Writes the words where the page wants them. */
export function fill() {
  for (const element of all("[data-text]")) write(element, word(element.dataset["text"]));
  for (const element of all("[data-label]")) element.ariaLabel = String(word(element.dataset["label"]));
}

/** @param {string} selector */
function all(selector) {
  return /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(selector));
}

/** @param {string | undefined} key */
function word(key) {
  return words[/** @type {keyof typeof words} */ (key)];
}

/**
 * @param {HTMLElement} element one with an element in it, where the text is made around something
 * @param {string | ((part: string) => string)} text
 */
function write(element, text) {
  if (typeof text === "string") return void (element.textContent = text);
  const [before = "", after = ""] = text(GAP).split(GAP);
  element.replaceChildren(before, ...element.children, after);
}

/** @returns {string | null} */
function chosen() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (asked && isSpoken(asked)) localStorage.setItem(CHOSEN, asked);
  return localStorage.getItem(CHOSEN);
}

/** @param {string} locale */
function isSpoken(locale) {
  try {
    Intl.getCanonicalLocales(locale);
  } catch {
    return false;
  }
  return /^en(-|$)/i.test(locale) || languageOf(locale) !== "";
}
