/** Forms with `data-confirm` ask first. */

export function watchForms() {
  document.addEventListener("submit", (event) => {
    const form = /** @type {HTMLFormElement} */ (event.target);
    const question = event.submitter?.dataset["confirm"] ?? form.dataset["confirm"];
    if (question && !confirm(question)) event.preventDefault();
  });
}
