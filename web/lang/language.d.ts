/** What a file in this folder holds. */
import type { preferencesEnglish } from "../preferences-labels.js";
import type { PushLabels } from "../push-labels.js";
import type { toastsEnglish } from "../toasts-labels.js";
import type { Labels } from "../types.js";

/** Every word of every element. */
export type Texts = Labels & typeof preferencesEnglish & typeof toastsEnglish & PushLabels;

export interface Language {
  texts: Texts;
  /** Where lines begin; left out where that is the left. */
  direction?: "rtl";
}
