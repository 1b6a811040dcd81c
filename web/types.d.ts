/** The nouns of the bell. Types only: no browser ever loads this file. */

export type Status =
  | "unseen"
  | "unread"
  | "read"
  | "snoozed"
  | "archived"
  | "grouped"
  | "discarded"
  | "hidden";

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
  snoozed_until: string | null;
  /** Where it stands in the inbox: its id, or a later one after a snooze. */
  place: string;
  /** How many notifications this row stands for, itself counted; null: only itself. */
  group: { count: number } | null;
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

/** One kind of notification, as the preferences name it. */
export interface Category {
  key: string;
  label: string;
}

/** What a user does to one notification; `read`, `seen` and `archive` also to all. */
export type Mark =
  | "read"
  | "unread"
  | "seen"
  | "clicked"
  | "archive"
  | "unarchive"
  | "snooze"
  | "unsnooze"
  | "ungroup";

export type MarkOfAll = "read" | "seen" | "archive";

/** A mark that is shown already and not yet confirmed by the server. */
export interface Act {
  /** Names this act wherever it is kept. */
  key: string;
  mark: Mark;
  /** Null: every notification that stands at `upTo` or below it. */
  id: string | null;
  /** With `id` null: only those of this category. */
  category?: string | null;
  /** RFC 3339; when a snooze ends. */
  until?: string;
  /** Place of the newest one the user could know of when acting; "": of all there are. */
  upTo: string;
  /** RFC 3339. */
  at: string;
  /** Done in another tab, or before this page. */
  isHeard?: true;
}

export type Connection = "connecting" | "live" | "reconnecting" | "signed-out";

/** "cached": drawn from an earlier visit, and not loaded yet. */
export type Phase = "loading" | "cached" | "ready" | "failed";

/** What a list shows. */
export interface Filter {
  /** Null: of all categories. */
  category: string | null;
  /** "all": everything but archived and snoozed ones. */
  status: "all" | "unread" | "archived" | "snoozed";
}

/** How much of a list is loaded: everything that stands at `floor` or above it. */
export interface Range {
  phase: Phase;
  /** Oldest place of the loaded range; "" once everything is loaded. */
  floor: string;
  /** Cursor of the next page, or null. */
  next: string | null;
  more: "idle" | "loading" | "failed";
}

/** The range is that of the whole inbox: the list of all categories and statuses. */
export interface InboxState extends Range {
  /** What the server said, by id; archived rows stay so that they can come back. */
  rows: ReadonlyMap<string, Notification>;
  /** The other lists that were asked for, by their key. */
  lists: ReadonlyMap<string, { filter: Filter; range: Range }>;
  seq: number;
  /** The server's counts at `seq`; `view` adds what is pending. */
  unreadCount: number;
  unseenCount: number;
  pending: readonly Act[];
  connection: Connection;
}

/** What is kept for the next visit, so that the bell need not wait for the network. */
export interface CachedInbox {
  rows: Notification[];
  floor: string;
  hasMore: boolean;
  unreadCount: number;
  unseenCount: number;
  categories: readonly Category[];
}

export type InboxEvent =
  | { type: "cached"; inbox: CachedInbox }
  | { type: "loading" }
  | { type: "counted"; changes: Changes }
  | { type: "loaded"; page: Page }
  | { type: "failed" }
  | { type: "list-opened"; filter: Filter }
  | { type: "more-loading"; list: string }
  | { type: "more-loaded"; list: string; page: Page }
  | { type: "more-failed"; list: string }
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

export type ActName = "read" | "unread" | "archive" | "unarchive" | "snooze" | "unsnooze" | "ungroup";

interface OfOne {
  notification: Notification;
}

/** Null: the act was on all of them. */
interface OfOneOrAll {
  notification: Notification | null;
}

/** What the preference centre sent to be saved; the rest stays as it is. */
export interface PreferencesChange {
  categories?: { key: string; channels: { name: string; enabled: boolean; digest: string | null }[] }[];
  topics?: { topic: string; state: "subscribed" | "muted" | "none" }[];
  quiet_hours?: { start: string; end: string; days: string[] } | null;
  paused_until?: string | null;
  digest_at?: string | null;
  time_zone?: string | null;
}

/** The `detail` of each event that an element fires. */
export interface EventDetails {
  "notify-received": OfOne;
  /** `href` is where it leads. */
  "notify-clicked": OfOne & { href: string | null };
  "notify-toast": OfOne;
  "notify-acting": OfOneOrAll & { act: ActName };
  "notify-read": OfOneOrAll;
  "notify-unread": OfOneOrAll;
  "notify-archived": OfOne;
  "notify-unarchived": OfOne;
  "notify-snoozed": OfOne;
  "notify-unsnoozed": OfOne;
  "notify-ungrouped": OfOne;
  "notify-synced": { notifications: Notification[] };
  "notify-preferences-saved": { change: PreferencesChange };
  "notify-token-expired": object;
  "notify-error": { error: unknown };
  "notify-opened": object;
  "notify-closed": object;
}

/** False when the page prevented the default. */
export type Fire = <N extends keyof EventDetails>(
  name: N,
  detail: EventDetails[N],
  cancelable?: boolean,
) => boolean;

/** Every text of the bell; set `labels` on the element to translate. */
/** What elements say before the rest of their code is there. */
export interface BellLabels {
  notifications: string;
  /** Name of the button. */
  bell: (unread: number) => string;
  /** Said by screen readers when one or more notifications arrive. */
  received: (titles: string[]) => string;
  failedTitle: string;
  preferencesFailed: string;
  retry: string;
  loading: string;
}

/** All that bell and inbox say. */
export interface Labels extends BellLabels {
  markAllRead: string;
  markRead: string;
  markUnread: string;
  archive: string;
  close: string;
  unread: string;
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
  allReadTitle: string;
  /** Opens a group; the row itself is not counted. */
  andOthers: (count: number) => string;
  showLess: string;
  showMore: string;
  ungroup: string;
  ungrouped: string;
  snooze: string;
  inOneHour: string;
  thisMorning: string;
  thisEvening: string;
  tomorrow: string;
  nextWeek: string;
  pickTime: string;
  /** Name of the choice of a list, beside the title. */
  lists: string;
  snoozedList: string;
  archivedList: string;
  /** For an archived or snoozed one: the button, and what is said then. */
  bringBack: string;
  broughtBack: string;
  /** `time` is written out for the reader. */
  snoozedUntil: (time: string) => string;
  /** On the button that leads back up to what has arrived. */
  newOnes: (count: number) => string;
  emptyTitle: string;
  emptyText: string;
  failedText: string;
  moreFailed: string;
  notSaved: string;
  reconnecting: string;
  offline: string;
  signedOut: string;
}

export type Placement = "bottom-end" | "bottom-start" | "top-end" | "top-start";
