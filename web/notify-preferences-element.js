/** The preference centre: what reaches the user where, and when. What is in it comes later. */
import { h } from "./dom.js";
import { InboxElement } from "./inbox-element.js";
import { LateCode } from "./late-code.js";
import { adopt, pageStyles } from "./styles.js";
import { waitingStyles } from "./waiting-styles.js";

/**
 * @summary The signed-in user's notification settings. Each change is saved at once.
 *
 * @attribute token - The user's JWT, made by the page's own backend.
 * @attribute server-url - The NotifyBell server; by default the one this script came from.
 * @attribute theme - "soft" or "contrast" in place of the plain looks, "light" or "dark" in place of the page's `color-scheme`; or one of each: "soft dark".
 * @attribute no-storage - Keeps nothing in this browser for the next visit; set before the token.
 * @attribute lang - Language of the words and dates; by default that of the page around it, else the browser's.
 *
 * @property {string} token - The attribute.
 * @property {string} serverUrl - The attribute.
 * @property {(() => Promise<string>) | null} onTokenExpired - Asked for a fresh token when the old one ends.
 * @property {object} labels - Texts in place of the built-in ones.
 *
 * @event notify-preferences-saved - A change was saved; `detail.change` is what was sent, `{topics: [{topic, state}]}` for a topic.
 * @event notify-token-expired - The token has ended; `onTokenExpired` is asked, or set `token` now.
 * @event notify-error - Loading or saving failed; `detail.error`.
 *
 * @csspart preferences - Everything.
 * @csspart section - Each of the five sections.
 * @csspart heading - A section's title.
 * @csspart hint - The line below it.
 * @csspart table - Categories by channels.
 * @csspart channel - A column's name.
 * @csspart row - A category's row; a card where it is narrow.
 * @csspart category - Its name.
 * @csspart required - "Required", below the name.
 * @csspart cell - A category on a channel.
 * @csspart switch - On or off; also that of the quiet hours.
 * @csspart digest - How often, beside the switch.
 * @csspart pause - A choice of how long to pause.
 * @csspart paused - "Paused until …".
 * @csspart end-pause - Ends the pause.
 * @csspart field - A labelled control.
 * @csspart time - A time or date.
 * @csspart zone - The time zones.
 * @csspart day - A day of the week; `day-choice` is its box.
 * @csspart day-choice - The box of a day.
 * @csspart topics - The list of topics.
 * @csspart topic - A topic, with `topic-name`, `topic-state` and `topic-act` in it.
 * @csspart topic-name - Its name.
 * @csspart topic-state - "Subscribed", "Muted" or "Not subscribed".
 * @csspart topic-act - "Mute", "Unmute", "Subscribe" or "Unsubscribe".
 * @csspart saved - The line that says what became of a change.
 * @csspart skeleton - Shown while loading.
 * @csspart error - Shown when loading failed.
 * @csspart retry - "Try again".
 *
 * @cssproperty --notify-bell-accent - What is on, and focus rings.
 * @cssproperty --notify-bell-surface - Background.
 * @cssproperty --notify-bell-hover - Background of buttons under the pointer.
 * @cssproperty --notify-bell-text - Text.
 * @cssproperty --notify-bell-muted - Secondary text.
 * @cssproperty --notify-bell-border - Lines.
 * @cssproperty --notify-bell-radius - Corners.
 * @cssproperty --notify-bell-font - Font family.
 * @cssproperty --notify-bell-font-size - Font size.
 */
export class NotifyPreferencesElement extends InboxElement {
  /** @override */
  static observedAttributes = ["token", "server-url", "lang"];

  #box = h("div", { part: "preferences", class: "preferences", tabindex: "-1" });
  /** @type {import("./preferences-view.js").PreferencesView | null} */
  #view = null;
  #code = new LateCode({
    element: this,
    place: (problem) => this.#box.replaceChildren(problem),
    failed: () => this.texts.preferencesFailed,
    load: () => import("./notifybell-preferences.js"),
    arrived: ({ PreferencesView, preferencesStyles }) => {
      adopt(this.root, preferencesStyles);
      this.#view = new PreferencesView(this, this.#box, () => this.#showWaiting());
      this.#view.rebuild();
      if (this.isConnected) this.#view.connect();
    },
  });

  constructor() {
    super();
    adopt(this.root, pageStyles, waitingStyles);
    this.root.append(this.#box, this.status);
  }

  /** @override */
  connectedCallback() {
    if (!this.#view) this.#showWaiting();
    super.connectedCallback();
    this.#view?.connect();
    void this.#code.fetch();
  }

  /** @override */
  disconnectedCallback() {
    this.#view?.disconnect();
    super.disconnectedCallback();
  }

  /** @override */
  rebuild() {
    this.#code.retell();
    this.#view?.rebuild();
  }

  /** @override */
  render() {
    this.#view?.followed();
  }

  /** What stands for the rest, as large as most of it. */
  #showWaiting() {
    const bones = Array.from({ length: 4 }, () => h("i", {}));
    const { loading } = this.texts;
    this.#box.replaceChildren(
      h("div", { part: "skeleton", class: "bones", role: "img", "aria-label": loading }, ...bones),
    );
  }
}
