/**
 * Every element: bell, inbox, preferences and toasts. Loading it twice is harmless.
 */
import { InboxElement } from "./inbox-element.js";
import { NotifyBellElement } from "./notify-bell-element.js";
import { NotifyInboxElement } from "./notify-inbox-element.js";
import { NotifyPreferencesElement } from "./notify-preferences-element.js";
import { NotifyToastsElement } from "./notify-toasts-element.js";
import { serverOf } from "./server-url.js";

/** The server is where this file came from. */
InboxElement.defaultServerUrl = serverOf(import.meta.url);

const elements = {
  "notify-bell": NotifyBellElement,
  "notify-inbox": NotifyInboxElement,
  "notify-preferences": NotifyPreferencesElement,
  "notify-toasts": NotifyToastsElement,
};
for (const [tag, element] of Object.entries(elements)) {
  if (!customElements.get(tag)) customElements.define(tag, element);
}

export { NotifyBellElement, NotifyInboxElement, NotifyPreferencesElement, NotifyToastsElement };
export { InboxClient } from "./client.js";
