/**
 * The offer to get notifications as web push: a strip for the head or foot of an inbox.
 *
 * It asks the browser only after a click, says what an iPhone wants and how a blocked browser is
 * won back, keeps the subscription fresh, and stays away for a month once it was put off.
 *
 * @import { PushOptions } from "./push.js"
 * @import { PushLabels } from "./push-labels.js"
 *
 * @typedef {"none" | "ask" | "home-screen" | "blocked" | "on" | "failed"} PushState
 */
import { button, h } from "./dom.js";
import { canPush, disablePush, enablePush, needsHomeScreen, offersPush, refreshPush } from "./push.js";
import { englishPush } from "./push-labels.js";
import { pushPromptStyles } from "./push-prompt-styles.js";

const PUT_OFF = "notifybell-push-put-off";
const PUT_OFF_MS = 30 * 24 * 60 * 60 * 1000;

/** @type {CSSStyleSheet | null} */
let sheet = null;

/**
 * @typedef {object} PromptOptions
 * @property {HTMLElement} host the element it is shown in; its attribute `push` names the page's
 *   worker file, "/notifybell-sw.js" when it has no value
 * @property {NonNullable<PushOptions["client"]>} client
 * @property {Partial<PushLabels>} [labels] in place of the English ones
 * @property {AbortSignal} [signal] ends it
 */

/**
 * The strip, hidden while there is nothing to say. Put it where it is to be seen.
 *
 * @param {PromptOptions} options
 * @returns {HTMLElement}
 */
export function pushPrompt(options) {
  if (options.host.shadowRoot) dress(options.host.shadowRoot);
  return new PushPrompt(options).element;
}

class PushPrompt {
  #options;
  /** @type {PushOptions} */
  #push;
  /** @type {PushLabels} */
  #labels;
  #text = h("p", { part: "push-text", class: "push-text", id: "push-text" });
  #acts = h("div", { part: "push-acts", class: "push-acts" });
  element = h("div", { part: "push", class: "push", role: "group", "aria-labelledby": "push-text", hidden: "" });

  /** @param {PromptOptions} options */
  constructor(options) {
    const { host, client, labels } = (this.#options = options);
    this.#labels = { ...englishPush, ...labels };
    const worker = host.getAttribute("push");
    this.#push = worker ? { client, worker } : { client };
    this.element.append(this.#text, this.#acts);
    void this.#look();
    void this.#watch();
  }

  async #look() {
    this.#show(await this.#state());
  }

  /** What the browser's own settings say may change at any time. */
  async #watch() {
    const { signal } = this.#options;
    // A browser that does not know the name rejects.
    const permission = await navigator.permissions?.query({ name: "notifications" }).catch(() => null);
    permission?.addEventListener("change", () => void this.#look(), signal ? { signal } : {});
  }

  /** @returns {Promise<PushState>} */
  async #state() {
    const isPutOff = wasPutOff(Date.now());
    if (!canPush()) return needsHomeScreen(navigator) && !isPutOff ? "home-screen" : "none";
    if (Notification.permission === "denied") return isPutOff ? "none" : "blocked";
    try {
      if (await refreshPush(this.#push)) return "on";
    } catch (error) {
      // Without a network the browser still gets what the push service holds for it.
      return Reflect.get(Object(error), "isPassing") ? "on" : "none";
    }
    return !isPutOff && (await offersPush(this.#push)) ? "ask" : "none";
  }

  /**
   * @param {PushState} state
   * @param {() => Promise<unknown>} [again] what failed
   */
  #show(state, again = async () => {}) {
    const hadFocus = this.element.contains(activeIn(this.element));
    const [text, ...acts] = this.#content(state, again);
    this.element.hidden = state === "none";
    this.element.dataset["state"] = state;
    this.#text.textContent = text;
    this.#acts.replaceChildren(...acts);
    if (!hadFocus) return;
    const [first] = acts;
    (first ?? this.element.parentElement?.closest("[tabindex], [popover]"))?.focus();
  }

  /**
   * @param {PushState} state
   * @param {() => Promise<unknown>} again
   * @returns {[string, ...HTMLElement[]]}
   */
  #content(state, again) {
    const labels = this.#labels;
    const later = () => this.#act("push-later", labels.pushLater, async () => putOff(Date.now()));
    switch (state) {
      case "ask":
        return [labels.pushWhy, this.#act("push-on", labels.pushTurnOn, () => enablePush(this.#push)), later()];
      case "home-screen":
        return [labels.pushHomeScreen, later()];
      case "blocked":
        return [labels.pushBlocked, later()];
      case "on":
        return [labels.pushIsOn, this.#act("push-off", labels.pushTurnOff, () => disablePush(this.#push))];
      case "failed":
        return [labels.pushFailed, this.#act("push-retry", labels.pushRetry, again), later()];
      default:
        return [""];
    }
  }

  /**
   * @param {string} part
   * @param {string} label
   * @param {() => Promise<unknown>} run called in the click itself, or the browser would not ask
   */
  #act(part, label, run) {
    const made = button(part, label, label);
    made.addEventListener("click", () => void this.#run(run));
    return made;
  }

  /** @param {() => Promise<unknown>} run */
  async #run(run) {
    if (this.element.ariaBusy === "true") return;
    this.element.ariaBusy = "true";
    try {
      await run();
      await this.#look();
    } catch (error) {
      console.warn("[notifybell] web push:", error);
      this.#show("failed", run);
    } finally {
      this.element.ariaBusy = null;
    }
  }
}

/** @param {ShadowRoot} root */
function dress(root) {
  if (!sheet) {
    sheet = new CSSStyleSheet();
    sheet.replaceSync(pushPromptStyles);
  }
  if (!root.adoptedStyleSheets.includes(sheet)) root.adoptedStyleSheets.push(sheet);
}

/** @param {HTMLElement} element */
function activeIn(element) {
  return /** @type {Document | ShadowRoot} */ (element.getRootNode()).activeElement ?? null;
}

/** @param {number} now */
function wasPutOff(now) {
  try {
    return now - Number(localStorage.getItem(PUT_OFF)) < PUT_OFF_MS;
  } catch {
    return false;
  }
}

/** @param {number} now */
function putOff(now) {
  try {
    localStorage.setItem(PUT_OFF, String(now));
  } catch {
    // Where nothing may be kept it is asked again on the next page.
  }
}
