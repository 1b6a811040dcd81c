/** Text that cannot turn what stands around it. Pure. */

/**
 * Without the marks that force a direction upon letters, which let one word read as another.
 * Isolates stay where each is closed: programs put them around names.
 *
 * @param {string} text
 */
export function undirected(text) {
  const plain = text.replace(/[\u202a-\u202e]/g, "");
  const isClosed = plain.split(/[\u2066-\u2068]/).length === plain.split("\u2069").length;
  return isClosed ? plain : plain.replace(/[\u2066-\u2069]/g, "");
}
