/** The inbox without anything drawn. */
import type { Category, Filter, InboxState, InboxView, Mark, MarkOfAll, Notification } from "../types.js";

export type * from "../types.js";

export interface ClientOptions {
  serverUrl: string;
  token: string;
  /** Answers with a fresh token. */
  onTokenExpired?: () => Promise<string>;
  /** Nothing is left in the browser's storage. */
  noStorage?: boolean;
}

/** Fires "change", "loaded", "received", "synced", "token-expired" and "error". */
export declare class InboxClient extends EventTarget {
  constructor(options: ClientOptions);
  readonly state: InboxState;
  readonly view: InboxView;
  readonly online: boolean;
  readonly categories: readonly Category[];
  start(): void;
  stop(): void;
  /** False: it is another user's; make a new client. */
  replaceToken(token: string): boolean;
  retry(): void;
  list(filter?: Partial<Filter>): { readonly items: Notification[]; readonly hasMore: boolean };
  loadMore(): Promise<void>;
  /** False: refused, and taken back. With null for all of them. */
  mark(mark: Mark, id: string | null): Promise<boolean>;
  markAll(mark: MarkOfAll, which?: { category?: string | null }): Promise<boolean>;
  clicked(id: string): Promise<boolean>;
  /** Until a time in RFC 3339, within a year. */
  snooze(id: string, until: string): Promise<boolean>;
  unsnooze(id: string): Promise<boolean>;
  ungroup(id: string): Promise<boolean>;
  members(id: string): Promise<Notification[]>;
}
