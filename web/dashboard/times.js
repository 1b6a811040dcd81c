/** Times on the reader's own clock. Relative ones keep their words; their title is the time. */

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

const SKEW_MS = 2000;

/** What a server's clock is off from this browser's, where that is worth saying. */
export function compareClocks() {
  for (const clock of document.querySelectorAll("[data-clock]")) {
    const behind = Date.now() - Number(clock.getAttribute("data-clock"));
    const late = performance.now(); // the page may have waited since it was drawn
    if (behind > -SKEW_MS && behind < SKEW_MS + late) continue;
    clock.append(` (this browser's clock is ${Math.round(behind / 1000)} s ahead of it)`);
  }
}

/** @param {ParentNode} within */
export function showTimes(within) {
  for (const time of within.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    if (time.hasAttribute("data-relative")) time.title = FULL.format(at);
    else time.textContent = FULL.format(at);
  }
}
