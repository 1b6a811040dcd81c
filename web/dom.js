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

const SHAPES = {
  bell: "M6 10a6 6 0 0 1 12 0c0 4 1 6 2 7 .4.6 0 1-.6 1H4.6c-.6 0-1-.4-.6-1 1-1 2-3 2-7ZM10 21a2 2 0 0 0 4 0",
  checks: "m3 13 3 3 8-8m-3 8 1 1 9-9",
  check: "m5 13 4 4L19 7",
  dot: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  archive: "M5 9v9a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9M3 5h18v4H3ZM10 13h4",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm0 4v4.5l3 1.8",
  up: "M12 19V6m-6 5 6-6 6 6",
  down: "m7 10 5 5 5-5",
  close: "m7 7 10 10m0-10L7 17",
  alert: "M12 8v5m0 3v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
};

const SVG = "http://www.w3.org/2000/svg";

/** @param {keyof typeof SHAPES} name */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", `icon icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}
