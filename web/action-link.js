/** What is clicked in a notification: a link when it leads somewhere, a button when not. */
import { undirected } from "./direction.js";
import { h } from "./dom.js";
import { safeLink } from "./safe-link.js";

/**
 * @param {string | null} actionUrl
 * @param {Record<string, string>} attributes
 * @param {string} text
 * @returns {HTMLElement}
 */
export function linkOrButton(actionUrl, attributes, text) {
  const url = safeLink(actionUrl, location.href);
  const shown = undirected(text);
  return url ? linkTo(url, attributes, shown) : h("button", { ...attributes, type: "button" }, shown);
}

/**
 * @param {URL} url from `safeLink`
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function linkTo(url, attributes, ...children) {
  const link = h("a", { rel: "noopener", ...attributes, href: url.href }, ...children);
  if (url.origin !== location.origin) link.target = "_blank";
  return link;
}

/**
 * Where a click leads: to the action URL, or to that of a link in the content; null: nowhere.
 *
 * @param {MouseEvent} event heard at the element that was clicked
 */
export function hrefOf({ currentTarget }) {
  return currentTarget instanceof HTMLAnchorElement ? currentTarget.href : null;
}
