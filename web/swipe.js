/**
 * Swiping a row by touch: it follows the finger sideways, and past a third of its width lets go.
 *
 * Only fingers swipe: a mouse selects text. Moving up or down stays scrolling, which
 * `touch-action: pan-y` leaves to the browser.
 *
 * @typedef {"start" | "end"} Side the edge a row is pushed to
 */

const SLOP_PX = 10;
const SHARE = 1 / 3;
const FLING_PX_PER_MS = 0.6;
const BACK_MS = 180;

/**
 * @param {HTMLElement} element the row
 * @param {(side: Side | null, isFar: boolean) => void} onMove what lies bare now; null: nothing
 * @param {(side: Side) => void} onSwiped
 */
export function swipeable(element, onMove, onSwiped) {
  /** @type {Swipe | null} */
  let swipe = null;
  element.addEventListener("pointerdown", (event) => {
    if (event.isPrimary && event.pointerType !== "mouse") swipe = new Swipe(element, event);
  });
  element.addEventListener("pointermove", (event) => {
    if (swipe?.follow(event)) onMove(swipe.side, swipe.isFar);
  });
  element.addEventListener("pointerup", (event) => {
    const side = swipe?.end(event) ?? null;
    onMove(null, false);
    if (side) onSwiped(side);
    swipe = null;
  });
  element.addEventListener("pointercancel", () => {
    swipe?.goBack();
    onMove(null, false);
    swipe = null;
  });
}

class Swipe {
  #element;
  #from;
  #startedAt;
  #isSideways = false;
  #dx = 0;

  /**
   * @param {HTMLElement} element
   * @param {PointerEvent} event
   */
  constructor(element, event) {
    this.#element = element;
    this.#from = { x: event.clientX, y: event.clientY };
    this.#startedAt = event.timeStamp;
  }

  /** @returns {Side} */
  get side() {
    const isRtl = getComputedStyle(this.#element).direction === "rtl";
    return this.#dx < 0 !== isRtl ? "start" : "end";
  }

  get isFar() {
    return Math.abs(this.#dx) > this.#element.offsetWidth * SHARE;
  }

  /**
   * @param {PointerEvent} event
   * @returns {boolean} whether the row has moved
   */
  follow(event) {
    const dx = event.clientX - this.#from.x;
    const dy = event.clientY - this.#from.y;
    if (!this.#isSideways) {
      if (Math.abs(dx) < SLOP_PX || Math.abs(dx) < Math.abs(dy)) return false;
      this.#isSideways = true;
      this.#element.setPointerCapture(event.pointerId);
    }
    this.#dx = dx;
    this.#element.style.translate = `${dx}px`;
    return true;
  }

  /**
   * @param {PointerEvent} event
   * @returns {Side | null} null when it was no swipe, or too short
   */
  end(event) {
    if (!this.#isSideways) return null;
    swallowClick(this.#element);
    const speed = Math.abs(this.#dx) / Math.max(1, event.timeStamp - this.#startedAt);
    const isFlung = speed > FLING_PX_PER_MS && Math.abs(this.#dx) > 4 * SLOP_PX;
    const { side } = this;
    const isSwiped = this.isFar || isFlung;
    this.goBack();
    return isSwiped ? side : null;
  }

  goBack() {
    const from = this.#element.style.translate;
    this.#element.style.translate = "";
    if (!from || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    this.#element.animate([{ translate: from }, {}], { duration: BACK_MS, easing: "ease-out" });
  }
}

/**
 * The finger's way up may still count as a click on what lies under it.
 *
 * @param {HTMLElement} element
 */
function swallowClick(element) {
  const swallow = (/** @type {Event} */ event) => {
    event.preventDefault();
    event.stopPropagation();
  };
  element.addEventListener("click", swallow, { capture: true });
  setTimeout(() => element.removeEventListener("click", swallow, { capture: true }));
}
