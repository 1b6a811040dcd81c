/** Times on the reader's own clock. Relative ones keep their words; their title is the time. */

const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });

/** @param {ParentNode} within */
export function showTimes(within) {
  for (const time of within.querySelectorAll("time")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.getTime())) continue;
    if (time.hasAttribute("data-relative")) time.title = FULL.format(at);
    else time.textContent = FULL.format(at);
  }
}
