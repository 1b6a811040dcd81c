/**
 * The script a page loads: defines `<notify-bell>` once. Loading it twice is harmless.
 */
// Named here so that the browser fetches all files at once, not one after the other found.
import "./api.js";
import "./client.js";
import "./dom.js";
import "./inbox-state.js";
import "./item-view.js";
import "./labels.js";
import "./list-view.js";
import "./panel-view.js";
import "./pause.js";
import "./placement.js";
import "./relative-time.js";
import "./safe-link.js";
import "./stream.js";
import "./styles.js";
import "./tabs.js";
import "./tokens.js";
import { NotifyBellElement } from "./notify-bell-element.js";

/** The server is where this file lies: at its root, or in its `widget` folder. */
NotifyBellElement.defaultServerUrl = import.meta.url.replace(/\/(widget\/)?[^/]*$/, "");

if (!customElements.get("notify-bell")) customElements.define("notify-bell", NotifyBellElement);

export { NotifyBellElement };
export { InboxClient } from "./client.js";
