/** The elements, and the events that they fire; `docs/` of the server says what each means. */
import type { EventDetails, Labels, Notification } from "../types.js";

declare class NotifyElement extends HTMLElement {
  token: string;
  /** Where the server is; must be set, since the script did not come from there. */
  serverUrl: string;
  onTokenExpired: (() => Promise<string>) | null;
  labels: object;
  readonly unreadCount: number;
}

declare class NotifyListElement extends NotifyElement {
  labels: Partial<Labels>;
  renderItem: ((notification: Notification) => Node | null | undefined) | null;
}

export declare class NotifyBellElement extends NotifyListElement {
  readonly open: boolean;
  show(): void;
  hide(): void;
}

export declare class NotifyInboxElement extends NotifyListElement {}
export declare class NotifyToastsElement extends NotifyElement {}
export declare class NotifyPreferencesElement extends NotifyElement {}

export type NotifyEventMap = { [N in keyof EventDetails]: CustomEvent<EventDetails[N]> };

declare global {
  interface HTMLElementTagNameMap {
    "notify-bell": NotifyBellElement;
    "notify-inbox": NotifyInboxElement;
    "notify-toasts": NotifyToastsElement;
    "notify-preferences": NotifyPreferencesElement;
  }
  interface GlobalEventHandlersEventMap extends NotifyEventMap {}
}
