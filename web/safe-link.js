/** Which action URLs are links. Pure. */

/**
 * The absolute URL of an http(s) address or of a path on the page's own site; null for anything
 * else, so that `javascript:` or `//other.host` never becomes a link. A name or password before the
 * host is refused, too: `https://bank.example@other.host` reads as if it led to the first.
 *
 * @param {string | null} actionUrl
 * @param {string} page URL of the embedding page
 * @returns {URL | null}
 */
export function safeLink(actionUrl, page) {
  const text = actionUrl?.trim() ?? "";
  const isPath = text.startsWith("/");
  if (!isPath && !/^https?:\/\//i.test(text)) return null;
  if (!URL.canParse(text, page)) return null;
  const url = new URL(text, page);
  if (url.username || url.password) return null;
  // "//host" and "/\host" look like paths and leave the site.
  return isPath && url.origin !== new URL(page).origin ? null : url;
}
