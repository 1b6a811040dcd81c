/**
 * The preference centre: what reaches the user where, and when.
 *
 * @import { InboxClient } from "./client.js"
 * @import { Change, PreferencesContext, PreferencesSection } from "./preferences-types.js"
 */
import { ApiError } from "./api.js";
import { h } from "./dom.js";
import { InboxElement } from "./inbox-element.js";
import { inboxEnglish } from "./inbox-labels.js";
import { english } from "./labels.js";
import { textButton } from "./preferences-controls.js";
import { Draft } from "./preferences-draft.js";
import { loadSettings } from "./preferences-api.js";
import { preferencesEnglish } from "./preferences-labels.js";
import { matrixSection } from "./preferences-matrix.js";
import { pauseSection } from "./preferences-pause.js";
import { preferencesStyles } from "./preferences-styles.js";
import { quietSection, timesSection } from "./preferences-times.js";
import { topicsSection } from "./preferences-topics.js";
import { onTick } from "./relative-time.js";
import { adopt, pageStyles } from "./styles.js";

/** How long "Saved" stays; a problem stays until the next change. */
const SAVED_MS = 4000;
const PREFERENCE_SECTIONS = [pauseSection, matrixSection, quietSection, timesSection, topicsSection];

/**
 * @summary The signed-in user's notification settings. Each change is saved at once.
 *
 * @attribute token - The user's JWT, made by the page's own backend.
 * @attribute server-url - The NotifyBell server; by default the one this script came from.
 * @attribute theme - "soft" or "contrast" in place of the plain looks, "light" or "dark" in place of the page's `color-scheme`; or one of each: "soft dark".
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

  #box = h("div", { part: "preferences", class: "preferences" });
  #saved = h("p", { part: "saved", class: "saved", role: "status" });
  /** Whose settings are drawn or being loaded. @type {InboxClient | null} */
  #owner = null;
  /** @type {Draft | null} */
  #draft = null;
  /** @type {PreferencesSection[]} */
  #sections = [];
  #stopTick = () => {};
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hushing;

  constructor() {
    super();
    adopt(this.root, pageStyles, preferencesStyles);
    this.root.append(this.#box, this.#saved, this.status);
  }

  /** @override */
  connectedCallback() {
    super.connectedCallback();
    // A pause ends by itself.
    this.#stopTick = onTick(() => this.#update());
  }

  /** @override */
  disconnectedCallback() {
    this.#stopTick();
    super.disconnectedCallback();
  }

  /** @override */
  get texts() {
    return this.translated({ ...english, ...inboxEnglish, ...preferencesEnglish });
  }

  /** @override */
  rebuild() {
    if (this.client !== this.#owner) return void this.#load();
    if (this.#draft) this.#draw(this.#draft);
  }

  async #load() {
    const client = (this.#owner = this.client);
    this.#draft = null;
    this.#showLoading();
    if (!client) return;
    try {
      const settings = await loadSettings(client);
      if (this.#owner === client) this.#draw(new Draft(settings));
    } catch (error) {
      if (this.#owner !== client) return;
      this.#showFailure();
      this.fire("notify-error", { error });
    }
  }

  /** @param {Draft} draft */
  #draw(draft) {
    this.#draft = draft;
    /** @type {PreferencesContext} */
    const context = {
      labels: this.texts,
      locale: this.locale,
      put: (change) => void this.#put(draft, change),
      say: (text) => this.#say(text, true),
    };
    this.#sections = PREFERENCE_SECTIONS.map((make) => make(context, draft.settings));
    this.#show(...this.#sections.map(({ element }) => element));
    this.#update();
  }

  #update() {
    const settings = this.#draft?.settings;
    if (settings) for (const section of this.#sections) section.update(settings);
  }

  /**
   * @param {Draft} draft
   * @param {Change} change
   */
  async #put(draft, change) {
    if (!this.#owner) return;
    this.#say("");
    const saving = draft.put(change, this.#owner);
    this.#update();
    try {
      await saving;
      this.#say(this.texts.saved);
      this.fire("notify-preferences-saved", { change: change.body });
    } catch (error) {
      this.#say(this.texts.undone(this.#reason(error)), true);
      this.fire("notify-error", { error });
    }
    this.#update();
  }

  /** @param {unknown} error */
  #reason(error) {
    const isRefusal = error instanceof ApiError && error.status > 0;
    return isRefusal ? error.message.replace(/^\[\w+\] /, "") : this.texts.noAnswer;
  }

  /**
   * @param {string} text
   * @param {boolean} [isProblem]
   */
  #say(text, isProblem = false) {
    clearTimeout(this.#hushing);
    this.#saved.textContent = text;
    this.#saved.classList.toggle("problem", isProblem);
    if (text && !isProblem) this.#hushing = setTimeout(() => this.#say(""), SAVED_MS);
  }

  #showLoading() {
    const bones = Array.from({ length: 4 }, () => h("i", {}));
    this.#say("");
    this.#show(h("div", { part: "skeleton", class: "bones", role: "img", "aria-label": this.texts.loading }, ...bones));
  }

  #showFailure() {
    const { preferencesFailed, failedText, retry } = this.texts;
    const again = textButton("retry", retry, () => void this.#load());
    const texts = [h("strong", {}, preferencesFailed), h("p", { class: "hint" }, failedText)];
    this.#show(h("div", { part: "error", class: "failure", role: "alert" }, ...texts, again));
  }

  /** @param {HTMLElement[]} children */
  #show(...children) {
    this.#box.replaceChildren(...children);
  }
}
