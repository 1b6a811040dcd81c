/** What the pages of /docs can do with a script: search, copy, link to a heading, the menu of a phone. */
import { find, make } from "./page.js";

const MOST_FOUND = 12;
const AROUND = 60;
/** For a word in a heading, in the page's title, in the text. */
const PLACE_POINTS = [20, 8, 1];

/**
 * @typedef {{ page: string, title: string, url: string, words: string }} Part
 */

/** A button over every block of code. */
const offerCopies = () => {
  if (!navigator.clipboard) return;
  for (const block of document.querySelectorAll("pre")) {
    const copy = make("button", { type: "button" }, "Copy");
    const box = make("div", { class: "copied" });
    block.replaceWith(box);
    box.append(block, copy);
    copy.addEventListener("click", async () => {
      await navigator.clipboard.writeText((block.textContent ?? "").trimEnd());
      copy.textContent = "Copied";
      setTimeout(() => (copy.textContent = "Copy"), 2000);
    });
  }
};

const offerAnchors = () => {
  for (const heading of document.querySelectorAll(".text :is(h2, h3, h4)[id]")) {
    const name = `Link to “${heading.textContent}”`;
    heading.append(make("a", { class: "anchor", href: `#${heading.id}`, "aria-label": name }, "#"));
  }
};

const offerMenu = () => {
  const menu = find("#site-menu");
  menu.addEventListener("click", () => {
    const isOpen = document.body.classList.toggle("js-menu-open");
    menu.setAttribute("aria-expanded", String(isOpen));
  });
};

/** @type {Promise<Part[]> | undefined} */
let index;

const parts = () => {
  index ??= fetch("/docs/search.json").then((answer) => answer.json());
  return index;
};

/**
 * Every word must be there; in a title it counts most, and all together count more.
 *
 * @param {Part} part
 * @param {string[]} words
 */
const score = ({ page, title, words: text }, words) => {
  const places = [title.toLowerCase(), page.toLowerCase(), text.toLowerCase()];
  let total = 0;
  for (const word of words) {
    const best = places.findIndex((place) => place.includes(word));
    if (best < 0) return 0;
    total += PLACE_POINTS[best] ?? 0;
  }
  const together = places.findIndex((place) => place.includes(words.join(" ")));
  return total + 2 * (PLACE_POINTS[together] ?? 0);
};

/**
 * The words around the first hit, with the hit marked.
 *
 * @param {string} text
 * @param {string} word
 */
const excerpt = (text, word) => {
  const at = text.toLowerCase().indexOf(word);
  if (at < 0) return [text.slice(0, 2 * AROUND)];
  const start = Math.max(0, at - AROUND);
  const hit = text.slice(at, at + word.length);
  return [start ? "…" : "", text.slice(start, at), make("mark", {}, hit), text.slice(at + word.length, at + AROUND)];
};

const offerSearch = () => {
  const input = /** @type {HTMLInputElement} */ (find("#site-words"));
  const found = find("#site-found");
  find("#site-search").hidden = false;
  let chosen = -1;

  /** @param {boolean} isOpen */
  const open = (isOpen) => {
    found.hidden = !isOpen;
    input.setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) input.removeAttribute("aria-activedescendant");
  };

  /** @param {number} number */
  const choose = (number) => {
    const options = [...found.querySelectorAll("a")];
    chosen = Math.max(0, Math.min(number, options.length - 1));
    options.forEach((option, at) => option.setAttribute("aria-selected", String(at === chosen)));
    const option = options[chosen];
    if (!option) return;
    input.setAttribute("aria-activedescendant", option.id);
    option.scrollIntoView({ block: "nearest" });
  };

  const look = async () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const [first] = words;
    if (first === undefined) return open(false);
    const hits = (await parts())
      .map((part) => ({ part, points: score(part, words) }))
      .filter(({ points }) => points > 0)
      .sort((one, other) => other.points - one.points)
      .slice(0, MOST_FOUND);
    const lines = hits.map(({ part }, number) =>
      make(
        "a",
        { href: part.url, role: "option", id: `site-found-${number}`, tabindex: "-1" },
        make("strong", {}, part.title === part.page ? part.page : `${part.page} › ${part.title}`),
        make("span", {}, ...excerpt(part.words, first)),
      ),
    );
    found.replaceChildren(...(lines.length ? lines : [make("a", { role: "option" }, "Nothing found")]));
    open(true);
    choose(0);
  };

  input.addEventListener("input", () => void look());
  input.addEventListener("focus", () => void parts());
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") found.querySelectorAll("a")[chosen]?.click();
    else if (event.key === "Escape") open(false);
    else return;
    event.preventDefault();
  });
  document.addEventListener("click", ({ target }) => {
    if (target instanceof Node && !find("#site-search").contains(target)) open(false);
    else if (target instanceof Element && target.closest("#site-found a")) open(false);
  });
  document.addEventListener("keydown", (event) => {
    const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select");
    if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    input.focus();
  });
};

offerAnchors();
offerCopies();
offerMenu();
offerSearch();
