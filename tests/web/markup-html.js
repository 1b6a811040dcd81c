import { undirected } from "../../web/direction.js";
import { parseMarkup } from "../../web/markup.js";

const ESCAPES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;" };
const escape = (text) => text.replace(/[&<>"']/g, (char) => ESCAPES[char]);

/** A tree as HTML, to compare it with what the server makes of the same text. */
export function html(text) {
  return drawn(parseMarkup(text));
}

function drawn(nodes) {
  return nodes
    .map((node) => {
      if (typeof node === "string") return escape(undirected(node));
      const href = node.href === undefined ? "" : ` href="${escape(node.href)}"`;
      return `<${node.tag}${href}>${drawn(node.children)}</${node.tag}>`;
    })
    .join("");
}
