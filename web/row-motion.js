/** How rows come and go. Nothing moves for those who asked for that. */

const LEAVE_MS = 180;
const ENTER_MS = 220;

/** @param {HTMLElement} element */
function isStill(element) {
  return !element.offsetParent || matchMedia("(prefers-reduced-motion: reduce)").matches;
}

/** @param {HTMLElement} element */
export function enter(element) {
  if (isStill(element)) return;
  const from = { opacity: 0, transform: "translateY(-0.5em)" };
  element.animate([from, {}], { duration: ENTER_MS, easing: "ease-out" });
}

/**
 * Folds a row up and takes it out; until then it is inert.
 *
 * @param {HTMLElement} element
 */
export function leave(element) {
  if (isStill(element)) return element.remove();
  element.inert = true;
  element.style.marginBlockStart = "";
  const from = { height: `${element.offsetHeight}px`, overflow: "clip" };
  const to = { height: 0, minHeight: 0, paddingBlock: 0, opacity: 0, overflow: "clip" };
  const animation = element.animate([from, to], { duration: LEAVE_MS, easing: "ease-in-out" });
  animation.onfinish = () => element.remove();
}

/**
 * Skips rows that are on their way out.
 *
 * @param {Element | null} element
 */
export function settled(element) {
  let place = element;
  while (place instanceof HTMLElement && place.inert) place = place.nextElementSibling;
  return place;
}
