/** What is in a preference centre; `notifybell-all.js` fetches it for pages that have one. */
import { preferencesStyles } from "./preferences-styles.js";
import { PreferencesView } from "./preferences-view.js";

export { PreferencesView, preferencesStyles };
