/** Forms with `data-confirm` ask first, and what a form has done is told once. */

export function watchForms() {
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const question = event.submitter?.dataset["confirm"] ?? form.dataset["confirm"];
    if (question && !confirm(question)) event.preventDefault();
  });
}

/** By now it may no longer be so: loaded again, the page says how things are. */
export function tellOnce() {
  const url = new URL(location.href);
  if (!url.searchParams.has("done")) return;
  url.searchParams.delete("done");
  history.replaceState(history.state, "", url);
}
