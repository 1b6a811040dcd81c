/**
 * Where the server is, going by where it served a script from: `/notifybell.js`, or a folder that
 * is named for what is in it.
 *
 * @param {string} url of the script
 * @returns {string}
 */
export function serverOf(url) {
  return url.replace(/(\/widget\/[0-9a-f]{16})?\/[^/]*$/, "");
}
