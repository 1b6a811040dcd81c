/** What is clicked in a notification: a link when it leads somewhere, a button when not. */
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
  if (!url) return h("button", { ...attributes, type: "button" }, text);
  const link = h("a", { ...attributes, href: url.href, rel: "noopener" }, text);
  if (url.origin !== location.origin) link.target = "_blank";
  return link;
}
