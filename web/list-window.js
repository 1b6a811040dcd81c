/**
 * Which rows of a long list are drawn. Pure: heights in, positions out.
 *
 * A row that was never drawn counts with the mean of those that were.
 */

const FIRST_GUESS_PX = 76;

/** Heights by id: what was measured, and a guess for the rest. */
export class Heights {
  /** @type {Map<string, number>} */
  #known = new Map();
  #sum = 0;

  /** @param {string} id */
  of(id) {
    return this.#known.get(id) ?? this.guess;
  }

  get guess() {
    return this.#known.size ? this.#sum / this.#known.size : FIRST_GUESS_PX;
  }

  /**
   * @param {string} id
   * @param {number} height
   * @returns {boolean} whether that is news
   */
  learn(id, height) {
    const before = this.#known.get(id);
    if (before === height) return false;
    this.#sum += height - (before ?? 0);
    this.#known.set(id, height);
    return true;
  }

  /** After a change of width nothing that was measured holds. */
  forget() {
    this.#known.clear();
    this.#sum = 0;
  }
}

/** Where each row of a list begins. */
export class Layout {
  #tops;

  /**
   * @param {readonly { id: string }[]} rows
   * @param {Heights} heights
   */
  constructor(rows, heights) {
    this.#tops = new Float64Array(rows.length + 1);
    let top = 0;
    rows.forEach(({ id }, index) => (this.#tops[index + 1] = top += heights.of(id)));
  }

  get length() {
    return this.#tops.length - 1;
  }

  get height() {
    return this.top(this.length);
  }

  /**
   * Where a row begins; for the number of rows, where the last one ends.
   *
   * @param {number} index
   */
  top(index) {
    return this.#tops[index] ?? 0;
  }

  /**
   * The row at a height; the first or the last one outside of the list.
   *
   * @param {number} y
   */
  rowAt(y) {
    let low = 0;
    let high = Math.max(0, this.length - 1);
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.top(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * The rows to draw: those in view, then as many around them as `most` and `margin` allow.
   *
   * @param {number} y top of the view
   * @param {number} height of the view
   * @param {number} margin how far beyond the view
   * @param {number} most
   * @returns {{ start: number, end: number }} `end` is the first one not drawn
   */
  around(y, height, margin, most) {
    if (!this.length) return { start: 0, end: 0 };
    const earliest = this.rowAt(y - margin);
    const latest = this.rowAt(y + height + margin) + 1;
    let start = this.rowAt(y);
    let end = Math.min(this.rowAt(y + height) + 1, start + most);
    for (let room = most - (end - start); room > 0 && (start > earliest || end < latest); ) {
      if (end < latest) {
        end += 1;
        room -= 1;
      }
      if (room > 0 && start > earliest) {
        start -= 1;
        room -= 1;
      }
    }
    return { start, end };
  }
}
