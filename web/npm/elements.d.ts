/** The elements, and the events that they fire; `docs/` of the server says what each means. */
import type { Labels, Notification } from "../types.js";

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

export type OneEvent = CustomEvent<{ notification: Notification }>;
/** Null: the act was on all of them. */
export type ActEvent = CustomEvent<{ notification: Notification | null }>;

export interface NotifyEventMap {
  "notify-received": OneEvent;
  /** `href` is where it leads. */
  "notify-clicked": CustomEvent<{ notification: Notification; href: string | null }>;
  "notify-toast": OneEvent;
  "notify-acting": CustomEvent<{ act: string; notification: Notification | null }>;
  "notify-read": ActEvent;
  "notify-unread": OneEvent;
  "notify-archived": OneEvent;
  "notify-unarchived": OneEvent;
  "notify-snoozed": OneEvent;
  "notify-unsnoozed": OneEvent;
  "notify-ungrouped": OneEvent;
  "notify-synced": CustomEvent<{ notifications: Notification[] }>;
  "notify-preferences-saved": CustomEvent<{ change: object }>;
  "notify-token-expired": CustomEvent<object>;
  "notify-error": CustomEvent<{ error: unknown }>;
  "notify-opened": CustomEvent<object>;
  "notify-closed": CustomEvent<object>;
}

declare global {
  interface HTMLElementTagNameMap {
    "notify-bell": NotifyBellElement;
    "notify-inbox": NotifyInboxElement;
    "notify-toasts": NotifyToastsElement;
    "notify-preferences": NotifyPreferencesElement;
  }
  interface GlobalEventHandlersEventMap extends NotifyEventMap {}
}
