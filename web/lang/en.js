/**
 * English, put together from where the elements have it built in.
 *
 * @import { Texts } from "./language.js"
 */
import { hostedEnglish } from "../hosted-labels.js";
import { inboxEnglish } from "../inbox-labels.js";
import { english } from "../labels.js";
import { preferencesEnglish } from "../preferences-labels.js";
import { englishPush } from "../push-labels.js";
import { toastsEnglish } from "../toasts-labels.js";

/** @type {Texts} */
export const texts = {
  ...english,
  ...inboxEnglish,
  ...preferencesEnglish,
  ...toastsEnglish,
  ...englishPush,
  ...hostedEnglish,
};
