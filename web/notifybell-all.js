/**
 * Every element in one file: `<notify-bell>` and `<notify-inbox>`. Loading it twice is harmless.
 */
import { InboxElement } from "./inbox-element.js";
import { inboxStyles } from "./inbox-styles.js";
import { InboxPane } from "./inbox-view.js";
import { NotifyBellElement } from "./notify-bell-element.js";
import { NotifyInboxElement } from "./notify-inbox-element.js";

/** The server is where this file came from. */
InboxElement.defaultServerUrl = import.meta.url.replace(/\/[^/]*$/, "");
NotifyBellElement.loadPanel = async () => ({ inboxStyles, InboxPane });

const elements = { "notify-bell": NotifyBellElement, "notify-inbox": NotifyInboxElement };
for (const [tag, element] of Object.entries(elements)) {
  if (!customElements.get(tag)) customElements.define(tag, element);
}

export { NotifyBellElement, NotifyInboxElement };
export { InboxClient } from "./client.js";
