/**
 * The head of an inbox in any language: where its words do not fit, those with an icon beside them
 * make way.
 */

/**
 * @param {HTMLElement} head
 * @param {HTMLElement} heading what must be read whole
 * @returns {() => void} measures again: to be called when something in it comes or goes
 */
export function makeRoom(head, heading) {
  const measure = () => {
    head.classList.remove("tight");
    if (heading.scrollWidth > heading.clientWidth) head.classList.add("tight");
  };
  // Only the head itself: what is in it changes its size by being measured.
  new ResizeObserver(measure).observe(head);
  return measure;
}
