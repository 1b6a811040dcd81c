/** The drawings in an inbox and in toasts; the bell brings its own. */
import { BELL, drawing } from "./dom.js";

const SHAPES = {
  bell: BELL,
  checks: "m3 13 3 3 8-8m-3 8 1 1 9-9",
  check: "m5 13 4 4L19 7",
  dot: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8Z",
  archive: "M5 9v9a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2V9M3 5h18v4H3ZM10 13h4",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16Zm0 4v4.5l3 1.8",
  up: "M12 19V6m-6 5 6-6 6 6",
  down: "m7 10 5 5 5-5",
  close: "m7 7 10 10m0-10L7 17",
  alert: "M12 8v5m0 3v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18Z",
};

/** @param {keyof typeof SHAPES} name */
export function icon(name) {
  return drawing(name, SHAPES[name]);
}
