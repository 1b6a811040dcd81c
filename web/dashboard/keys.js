/**
 * Keys: `/` goes to the page's search, `g` and a letter to a page of the menu, `?` shows them all.
 * Nothing happens while somebody types, or with Ctrl, Alt or Meta held.
 */

const WAIT_MS = 1500;

/** When `g` was pressed, 0 for not. */
let goAt = 0;

/** @param {EventTarget | null} target */
const isTyping = (target) =>
  target instanceof HTMLElement &&
  (target.isContentEditable || target.matches("input, textarea, select"));

/** @returns {HTMLDialogElement | null} */
const dialog = () => document.querySelector("dialog#keys");

function showKeys() {
  const keys = dialog();
  if (keys && !keys.open) keys.showModal();
}

/** @param {string} letter */
function go(letter) {
  const link = document.querySelector(`a[data-key="${CSS.escape(letter)}"]`);
  if (link instanceof HTMLAnchorElement) location.assign(link.href);
}

/** @param {KeyboardEvent} event */
function press(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
  if (isTyping(event.target)) {
    if (event.key === "Escape") /** @type {HTMLElement} */ (event.target).blur();
    return;
  }
  if (dialog()?.open) return;
  if (goAt && event.timeStamp - goAt < WAIT_MS) {
    goAt = 0;
    go(event.key);
    return;
  }
  goAt = event.key === "g" ? event.timeStamp : 0;
  if (event.key === "?") showKeys();
  if (event.key !== "/") return;
  const search = document.querySelector('main input[type="search"]');
  if (!(search instanceof HTMLInputElement)) return;
  event.preventDefault();
  search.focus();
  search.select();
}

export function watchKeys() {
  document.addEventListener("keydown", press);
  document.querySelector("[data-show-keys]")?.addEventListener("click", showKeys);
}
