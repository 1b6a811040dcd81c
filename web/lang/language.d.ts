/** What a file in this folder holds. */
import type { hostedEnglish } from "../hosted-labels.js";
import type { preferencesEnglish } from "../preferences-labels.js";
import type { PushLabels } from "../push-labels.js";
import type { toastsEnglish } from "../toasts-labels.js";
import type { Labels } from "../types.js";

/** Every word of every element, and of the hosted inbox around them. */
export type Texts = Labels & typeof preferencesEnglish & typeof toastsEnglish & PushLabels & typeof hostedEnglish;

export interface Language {
  texts: Texts;
  /** Where lines begin; left out where that is the left. */
  direction?: "rtl";
}
