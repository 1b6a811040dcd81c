/**
 * What is in a preference centre: loads the settings, draws them, saves each change.
 *
 * @import { InboxClient } from "./client.js"
 * @import { InboxElement } from "./inbox-element.js"
 * @import { Change, PreferencesContext, PreferencesLabels, PreferencesSection } from "./preferences-types.js"
 */
import { h } from "./dom.js";
import { inboxEnglish } from "./inbox-labels.js";
import { localeOf } from "./locale.js";
import { loadSettings } from "./preferences-api.js";
import { textButton } from "./preferences-controls.js";
import { Draft } from "./preferences-draft.js";
import { preferencesEnglish } from "./preferences-labels.js";
import { matrixSection } from "./preferences-matrix.js";
import { pauseSection } from "./preferences-pause.js";
import { quietSection, timesSection } from "./preferences-times.js";
import { topicsSection } from "./preferences-topics.js";
import { onTick } from "./relative-time.js";

/** How long "Saved" stays; a problem stays until the next change. */
const SAVED_MS = 4000;
const PREFERENCE_SECTIONS = [pauseSection, matrixSection, quietSection, timesSection, topicsSection];

export class PreferencesView {
  #element;
  #box;
  #showWaiting;
  #saved = h("p", { part: "saved", class: "saved", role: "status" });
  /** Whose settings are drawn or being loaded. @type {InboxClient | null} */
  #owner = null;
  /** @type {Draft | null} */
  #draft = null;
  /** @type {PreferencesSection[]} */
  #sections = [];
  #life = new AbortController();
  /** Whether its client has lost the server since. */
  #wasCut = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #hushing;

  /**
   * @param {InboxElement} element
   * @param {HTMLElement} box where it is drawn
   * @param {() => void} showWaiting
   */
  constructor(element, box, showWaiting) {
    this.#element = element;
    this.#box = box;
    this.#showWaiting = showWaiting;
    box.after(this.#saved);
  }

  /** The element is in the page. */
  connect() {
    this.#life.abort();
    this.#life = new AbortController();
    const { signal } = this.#life;
    // A pause ends by itself.
    signal.addEventListener("abort", onTick(() => this.#update()));
    document.addEventListener("visibilitychange", () => void this.#reload(), { signal });
  }

  disconnect() {
    this.#life.abort();
  }

  /** The client is at work: what it missed, the settings may have missed, too. */
  followed() {
    const { connection } = this.#owner?.state ?? {};
    if (connection === "reconnecting") this.#wasCut = true;
    if (connection !== "live" || !this.#wasCut) return;
    this.#wasCut = false;
    void this.#reload();
  }

  /** For another client, or in other words. */
  rebuild() {
    if (this.#element.client !== this.#owner) return void this.#load();
    if (this.#draft) this.#draw(this.#draft);
  }

  /** @returns {PreferencesLabels} */
  get #texts() {
    const late = this.#element.translated({ ...inboxEnglish, ...preferencesEnglish });
    return { ...late, ...this.#element.texts };
  }

  async #load() {
    const client = (this.#owner = this.#element.client);
    this.#draft = null;
    this.#say("");
    const hadFocus = this.#box.matches(":focus-within");
    this.#showWaiting();
    // "Try again" is gone with what it stood in.
    if (hadFocus) this.#box.focus({ preventScroll: true });
    if (!client) return;
    try {
      const settings = await loadSettings(client);
      if (this.#owner === client) this.#draw(new Draft(settings));
    } catch (error) {
      if (this.#owner !== client) return;
      this.#showFailure();
      this.#element.fire("notify-error", { error });
    }
  }

  /** What another device changed, unless nobody sees it or a time is being typed. */
  async #reload() {
    const draft = this.#draft;
    const isBusy = document.visibilityState !== "visible" || this.#box.querySelector("[type=time]:focus");
    if (!draft || !this.#owner || isBusy) return;
    // One that fails leaves what is shown; the next comes with the connection.
    await draft.reload(this.#owner).catch(() => {});
    if (this.#draft === draft) this.#update();
  }

  /** @param {Draft} draft */
  #draw(draft) {
    this.#draft = draft;
    /** @type {PreferencesContext} */
    const context = {
      labels: this.#texts,
      locale: localeOf(this.#element.locale),
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
      this.#say(this.#texts.saved);
      this.#element.fire("notify-preferences-saved", { change: change.body });
    } catch (error) {
      this.#say(this.#texts.undone(this.#reason(error)), true);
      this.#element.fire("notify-error", { error });
    }
    this.#update();
  }

  /** @param {unknown} error */
  #reason(error) {
    // An ApiError, told by its status: the class is the other file's.
    const { message, status } = /** @type {Partial<import("./api.js").ApiError>} */ (error);
    return status && message ? message.replace(/^\[\w+\] /, "") : this.#texts.noAnswer;
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

  #showFailure() {
    const { preferencesFailed, failedText, retry } = this.#texts;
    const again = textButton("retry", retry, () => void this.#load());
    const texts = [h("strong", {}, preferencesFailed), h("p", { class: "hint" }, failedText)];
    this.#show(h("div", { part: "error", class: "failure", role: "alert" }, ...texts, again));
  }

  /** @param {HTMLElement[]} children */
  #show(...children) {
    this.#box.replaceChildren(...children);
  }
}
