/** What a bell needs once its panel is to open; `notifybell.js` fetches it when the page is idle. */
import { inboxStyles } from "./inbox-styles.js";
import { InboxPane } from "./inbox-view.js";

export { InboxPane, inboxStyles };
