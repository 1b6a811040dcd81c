/** Defines `<notify-bell>`. */
export { InboxClient } from "./client.js";
export { NotifyBellElement } from "./elements.js";
