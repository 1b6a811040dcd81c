/**
 * The script a page loads: defines `<notify-bell>` once. Loading it twice is harmless.
 */
import { InboxElement } from "./inbox-element.js";
import { NotifyBellElement } from "./notify-bell-element.js";
import { serverOf } from "./server-url.js";

/** The server is where this file came from. */
InboxElement.defaultServerUrl = serverOf(import.meta.url);

if (!customElements.get("notify-bell")) customElements.define("notify-bell", NotifyBellElement);

export { NotifyBellElement };
export { InboxClient } from "./client.js";
