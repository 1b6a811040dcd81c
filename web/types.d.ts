/** The nouns of the bell. Types only: no browser ever loads this file. */

export type Status = "unseen" | "unread" | "read" | "archived" | "discarded" | "hidden";

/** One notification, as the API answers it; times are RFC 3339. */
export interface Notification {
  id: string;
  user_id: string;
  title: string;
  content: string | null;
  category: string | null;
  topic: string | null;
  action_url: string | null;
  custom_attributes: Record<string, unknown> | null;
  status: Status;
  /** The user's number of the change that last touched this row. */
  seq: number;
  created_at: string;
  updated_at: string;
  sent_at: string | null;
  seen_at: string | null;
  read_at: string | null;
  archived_at: string | null;
  discarded_at: string | null;
}

export interface Page {
  data: Notification[];
  links: { first: string | null; next: string | null; prev: string | null };
}

/** The answer of `/notifications/changes`, and the data of a `changes` event. */
export interface Changes {
  data: Notification[];
  /** The cursor: everything up to this number is included. */
  seq: number;
  has_more: boolean;
  /** The cursor asked for is gone: drop what is cached and load the list again. */
  reset: boolean;
  unread_count: number;
  unseen_count: number;
}

/** What a user does to one notification, or to all. */
export type Mark = "read" | "unread" | "seen" | "archive" | "unarchive";

/** A mark that is shown already and not yet confirmed by the server. */
export interface Act {
  mark: Mark;
  /** Null: every notification up to `upTo`. */
  id: string | null;
  /** Newest change the user could see when acting. */
  upTo: number;
  /** RFC 3339. */
  at: string;
}

export type Connection = "connecting" | "live" | "reconnecting" | "signed-out";

export interface InboxState {
  phase: "loading" | "ready" | "failed";
  /** What the server said, by id; archived rows stay so that they can come back. */
  rows: ReadonlyMap<string, Notification>;
  /** Oldest id of the loaded range; "" once everything is loaded. */
  floor: string;
  /** Cursor of the next page, or null. */
  next: string | null;
  more: "idle" | "loading" | "failed";
  seq: number;
  /** The server's counts at `seq`; `view` adds what is pending. */
  unreadCount: number;
  unseenCount: number;
  pending: readonly Act[];
  connection: Connection;
}

export type InboxEvent =
  | { type: "loading" }
  | { type: "counted"; changes: Changes }
  | { type: "loaded"; page: Page }
  | { type: "failed" }
  | { type: "more-loading" }
  | { type: "more-loaded"; page: Page }
  | { type: "more-failed" }
  | { type: "changed"; changes: Changes }
  | { type: "acted"; act: Act }
  | { type: "confirmed"; act: Act }
  | { type: "refused"; act: Act }
  | { type: "connection"; connection: Connection };

/** What there is to draw: the server's rows with the pending acts on top, newest first. */
export interface InboxView {
  items: Notification[];
  unreadCount: number;
  unseenCount: number;
}

/** What one tab tells the others of the same browser, server and user. */
export type TabMessage =
  | { kind: "changes"; after: number; changes: Changes }
  | { kind: "reset" }
  | { kind: "connection"; connection: Connection }
  | { kind: "alive" };

/** Every text of the bell; set `labels` on the element to translate. */
export interface Labels {
  notifications: string;
  /** Name of the button. */
  bell: (unread: number) => string;
  markAllRead: string;
  markRead: string;
  markUnread: string;
  archive: string;
  close: string;
  unread: string;
  /** Said by screen readers when one or more notifications arrive. */
  received: (titles: string[]) => string;
  archived: string;
  undo: string;
  /** Said when one was marked, with "Undo" beside it. */
  markedRead: string;
  markedUnread: string;
  /** The tab and the choice that hide nothing. */
  all: string;
  /** Name of the row of tabs. */
  categories: string;
  unreadOnly: string;
  /** Shown when a tab or "Unread" hides everything. */
  emptyFilterTitle: string;
  emptyFilterText: string;
  /** Opens a group; the row itself is not counted. */
  andOthers: (count: number) => string;
  showLess: string;
  showMore: string;
  ungroup: string;
  ungrouped: string;
  snooze: string;
  inOneHour: string;
  tonight: string;
  tomorrow: string;
  nextWeek: string;
  pickTime: string;
  /** `time` is written out for the reader. */
  snoozedUntil: (time: string) => string;
  /** On the button that leads back up to what has arrived. */
  newOnes: (count: number) => string;
  emptyTitle: string;
  emptyText: string;
  failedTitle: string;
  failedText: string;
  retry: string;
  moreFailed: string;
  notSaved: string;
  reconnecting: string;
  offline: string;
  signedOut: string;
  loading: string;
}

export type Placement = "bottom-end" | "bottom-start" | "top-end" | "top-start";
