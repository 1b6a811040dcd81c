/** The nouns of the preference centre. Types only: no browser ever loads this file. */

import type { InboxClient } from "./client.js";
import type { preferencesEnglish } from "./preferences-labels.js";
import type { Labels, PreferencesChange } from "./types.js";

export type PreferencesLabels = Labels & typeof preferencesEnglish;

/** Whether messages come there, and in which digest; null: at once. */
export interface ChannelChoice {
  name: string;
  enabled: boolean;
  digest: string | null;
}

export interface CategoryChoices {
  key: string;
  label: string;
  /** It cannot be turned off, nor come as a digest. */
  required: boolean;
  channels: ChannelChoice[];
}

export type Day = "mon" | "tue" | "wed" | "thu" | "fri" | "sat" | "sun";

/** Over midnight where `end` is the earlier; `days` are those on which they begin. */
export interface QuietHours {
  start: string;
  end: string;
  days: Day[];
}

/** "none": taken back in this session, and still listed so that it can be had again. */
export type TopicState = "subscribed" | "muted" | "none";

export interface Topic {
  topic: string;
  state: TopicState;
}

/** What the server has of a user's wishes. */
export interface Preferences {
  categories: CategoryChoices[];
  /** Null, like `digest_at`: the project's. */
  time_zone: string | null;
  quiet_hours: QuietHours | null;
  /** RFC 3339; may have passed. */
  paused_until: string | null;
  /** HH:MM */
  digest_at: string | null;
}

export interface Settings extends Preferences {
  topics: Topic[];
}

/** One thing that the user changed. */
export interface Change {
  apply: (settings: Settings) => Settings;
  save: (client: InboxClient) => Promise<unknown>;
  /** What `notify-preferences-saved` tells: the call's body. */
  body: PreferencesChange;
}

/** What each section of the preference centre needs to know. */
export interface PreferencesContext {
  labels: PreferencesLabels;
  locale: string;
  put: (change: Change) => void;
  say: (text: string) => void;
}

/** One section: drawn once, then patched, so that nothing loses the focus. */
export interface PreferencesSection {
  element: HTMLElement;
  update: (settings: Settings) => void;
}
