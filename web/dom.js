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
  bell: "M6 9.6a6 6 0 0 1 12 0c0 4.3 1.2 5.7 2 6.7.4.5 0 1.2-.6 1.2H4.6c-.6 0-1-.7-.6-1.2.8-1 2-2.4 2-6.7ZM9.8 20.6a2.4 2.4 0 0 0 4.4 0",
  checks: "m2.5 12.8 3.7 3.7L14 7.5m-3 8.3.8.7 9.2-9",
  check: "m5 12.8 4.5 4.2L19 7.5",
  dot: "M12 7.5a4.5 4.5 0 1 0 0 9a4.5 4.5 0 0 0 0-9Z",
  archive: "M4.8 9v9A1.5 1.5 0 0 0 6.3 19.5h11.4a1.5 1.5 0 0 0 1.5-1.5V9M3.5 5h17v4h-17ZM10 12.8h4",
  close: "m6.5 6.5 11 11m0-11-11 11",
  alert: "M12 8v5m0 3.2v.1M12 3.5a8.5 8.5 0 1 0 0 17a8.5 8.5 0 0 0 0-17Z",
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
