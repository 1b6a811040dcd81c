/** Making elements. Text goes in as text nodes; there is no way to put HTML in. */

/**
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * @param {string} part
 * @param {string} label
 * @param {(Node | string)[]} children
 */
export function button(part, label, ...children) {
  return h("button", { type: "button", part, class: part, "aria-label": label }, ...children);
}

/** What stands where nothing of the page's own does. */
export const BELL =
  "M6 10a6 6 0 0 1 12 0c0 4 1 6 2 7 .4.6 0 1-.6 1H4.6c-.6 0-1-.4-.6-1 1-1 2-3 2-7ZM10 21a2 2 0 0 0 4 0";

const SVG = "http://www.w3.org/2000/svg";

/**
 * @param {string} name
 * @param {string} shape of a line in a square of 24
 */
export function drawing(name, shape) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", shape);
  svg.append(path);
  return svg;
}
