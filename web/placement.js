/**
 * Where the panel goes. Pure geometry, in CSS pixels of the viewport.
 *
 * @import { Placement } from "./types.js"
 */

const GAP = 8;
const EDGE = 8;

/**
 * Beside the anchor as wished; on the other side where there is more room; never out of view.
 *
 * @param {{ left: number, top: number, right: number, bottom: number }} anchor
 * @param {{ width: number, height: number }} panel as large as it would like to be
 * @param {{ width: number, height: number }} viewport
 * @param {Placement} wished
 * @param {boolean} isRtl
 * @returns {{ left: number, top: number | null, bottom: number | null, height: number }}
 *   `height` is the room there is
 */
export function place(anchor, panel, viewport, wished, isRtl) {
  const below = viewport.height - anchor.bottom - GAP - EDGE;
  const above = anchor.top - GAP - EDGE;
  const [room, otherRoom] = wished.startsWith("top") ? [above, below] : [below, above];
  const isFlipped = room < panel.height && otherRoom > room;
  const isBelow = wished.startsWith("top") === isFlipped;
  const toRight = wished.endsWith("start") !== isRtl;
  const left = toRight ? anchor.left : anchor.right - panel.width;
  return {
    left: Math.max(EDGE, Math.min(left, viewport.width - EDGE - panel.width)),
    top: isBelow ? anchor.bottom + GAP : null,
    bottom: isBelow ? null : viewport.height - anchor.top + GAP,
    height: Math.max(0, isBelow ? below : above),
  };
}
