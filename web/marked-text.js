/**
 * Content with its markup as DOM nodes: text nodes, four kinds of element, never HTML.
 *
 * @import { MarkupNode } from "./markup.js"
 */
import { linkTo } from "./action-link.js";
import { undirected } from "./direction.js";
import { h } from "./dom.js";
import { parseMarkup } from "./markup.js";
import { safeLink } from "./safe-link.js";

/**
 * @param {string} text
 * @param {(event: MouseEvent) => void} onFollow a link was clicked
 * @returns {(Node | string)[]}
 */
export function markedText(text, onFollow) {
  return draw(parseMarkup(text), onFollow);
}

/**
 * @param {MarkupNode[]} nodes
 * @param {(event: MouseEvent) => void} onFollow
 * @returns {(Node | string)[]}
 */
function draw(nodes, onFollow) {
  return nodes.flatMap((node) => {
    if (typeof node === "string") return undirected(node);
    const { tag, href, children } = node;
    const inner = draw(children, onFollow);
    if (!href) return h(tag, { part: tag }, ...inner);
    const url = safeLink(href, location.href);
    // The browser knows more ways than the markup in which an address is none.
    if (!url) return children[0] === href ? inner : ["[", ...inner, undirected(`](${href})`)];
    return followed(linkTo(url, { part: "link", rel: "noopener noreferrer" }, ...inner), onFollow);
  });
}

/**
 * @param {HTMLElement} link
 * @param {(event: MouseEvent) => void} onFollow
 */
function followed(link, onFollow) {
  link.addEventListener("click", onFollow);
  link.addEventListener("auxclick", (event) => event.button === 1 && onFollow(event));
  return link;
}
