/** Finding and making what is on a page of the docs. */

/**
 * @param {string} selector
 * @returns {HTMLElement}
 */
export const find = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 */
export const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};
