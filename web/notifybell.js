/**
 * The script a page loads: defines `<notify-bell>` once. Loading it twice is harmless.
 */
import { NotifyBellElement } from "./notify-bell-element.js";

/** The server is where this file came from. */
NotifyBellElement.defaultServerUrl = import.meta.url.replace(/\/[^/]*$/, "");

if (!customElements.get("notify-bell")) customElements.define("notify-bell", NotifyBellElement);

export { NotifyBellElement };
export { InboxClient } from "./client.js";
