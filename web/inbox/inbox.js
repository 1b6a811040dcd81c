/**
 * The hosted inbox: signs in, shows the elements, signs out.
 *
 * What signs in arrives in the address's fragment and is taken out of it before anything else. The
 * session is a cookie that scripts cannot read; this page gets a user token of some minutes for it.
 *
 * @typedef {{ kind: "token" | "code", value: string }} Arrival
 * @typedef {{ token: string, name: string, locale?: string | null }} Known
 */
import { fill, speak, words } from "./words.js";

const INBOX = "notify-inbox";
const SETTINGS = "notify-preferences";
const KEPT = "notifybell-inbox";
const WORKER = "/inbox/sw.js";
/** All that the elements keep in this browser is named like that. */
const OURS = /^notify-?bell/;
const SCREENS = ["inbox", "settings", "enter", "sent", "switch", "offline"];

class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} detail
   */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {Arrival | null} waits for the person's word */
let pending = null;
/** @type {Known | null} who is signed in */
let here = null;

/** @returns {Arrival | null} */
function takeArrival() {
  const match = /^#(token|code)=(.+)$/.exec(location.hash);
  if (!match) return null;
  history.replaceState(null, "", `/inbox${location.search}`);
  return { kind: match[1] === "token" ? "token" : "code", value: match[2] ?? "" };
}

/**
 * @param {string} path
 * @param {object} [body]
 * @param {string} [token]
 * @returns {Promise<any>}
 */
async function post(path, body, token) {
  const headers = new Headers({ "Content-Type": "application/json" });
  if (token) headers.set("Authorization", `Bearer ${token}`);
  const json = body && JSON.stringify(body);
  const response = await fetch(path, { method: "POST", headers, body: json ?? null });
  const text = await response.text();
  const answer = text ? JSON.parse(text) : null;
  if (!response.ok) throw new Refused(response.status, answer?.detail ?? "");
  return answer;
}

/** @param {string[]} names of screens to be seen */
function show(...names) {
  for (const name of SCREENS) find(name).hidden = !names.includes(name);
  const isIn = names.includes("inbox") || names.includes("settings");
  find("account").hidden = !isIn;
  find("places").hidden = !isIn || !customElements.get(SETTINGS);
  const [first] = names;
  if (first === "sent" || first === "switch") find(first).focus();
}

/** @param {string} text */
function say(text) {
  find("problem").textContent = text;
  find("problem").hidden = !text;
}

/** @returns {Known | null} who was here last; the token names its user and opens nothing */
function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/** @param {Known} known */
function remember({ token, name, locale }) {
  const unsigned = token.slice(0, token.lastIndexOf(".") + 1);
  localStorage.setItem(KEPT, JSON.stringify({ token: unsigned, name, locale }));
}

/** @param {Arrival} arrival */
function isSomebodyElse({ kind, value }) {
  const known = remembered();
  return kind === "token" && known !== null && who(known.token) !== who(value);
}

/**
 * Whom a token names, as far as that can be told without the server.
 *
 * @param {string} token
 */
function who(token) {
  try {
    const payload = (token.split(".")[1] ?? "").replace(/-/g, "+").replace(/_/g, "/");
    const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0));
    const { user_external_id, user_email } = JSON.parse(new TextDecoder().decode(bytes));
    return user_external_id ?? user_email;
  } catch {
    return token;
  }
}

/**
 * @param {Arrival} arrival
 * @param {boolean} switching the person said so
 */
async function exchange(arrival, switching) {
  if (!switching && isSomebodyElse(arrival)) throw new Refused(409, "");
  if (arrival.kind === "token") return post("/api/inbox/session", undefined, arrival.value);
  return post("/inbox/session", { code: arrival.value, switch: switching });
}

/**
 * @param {Arrival} arrival
 * @param {boolean} switching
 */
async function enter(arrival, switching = false) {
  say("");
  try {
    await exchange(arrival, switching);
  } catch (error) {
    if (error instanceof Refused && error.status === 409) return ask(arrival);
    say(sentence(error, arrival.kind));
    return resume();
  }
  await open();
}

/** @param {Arrival} arrival */
function ask(arrival) {
  pending = arrival;
  find("current").textContent = remembered()?.name ?? words.somebodyElse;
  show("switch");
}

/**
 * @param {unknown} error
 * @param {Arrival["kind"]} kind
 */
function sentence(error, kind) {
  if (!(error instanceof Refused)) return words.linkLater;
  if (error.status >= 500) return words.linkBusy;
  return kind === "code" ? words.linkUsed : words.linkEnded;
}

/** @returns {Promise<Known>} */
async function fresh() {
  const known = /** @type {Known | null} */ (await post("/inbox/token"));
  if (!known) throw new Refused(401, "");
  const before = remembered();
  const isAnother = before !== null && who(before.token) !== who(known.token);
  if (isAnother) await forget();
  remember(known);
  return isAnother ? startAnew() : known;
}

/** Shows what the browser has kept, and then what the server says. */
function resume() {
  const kept = remembered();
  if (kept) void mount(kept);
  return open();
}

async function open() {
  try {
    void mount(await fresh());
  } catch (error) {
    if (error instanceof Refused && error.status < 500) await leave();
    else if (!here) show("offline");
  }
}

/** @param {Known} known */
async function mount(known) {
  here = known;
  // Not before: what an element is given earlier would hide its own properties.
  await Promise.all([customElements.whenDefined(INBOX), speak(known.locale)]);
  if (here !== known) return;
  const { token, name } = known;
  find("name").textContent = name;
  for (const [place, tag] of [["inbox", INBOX], ["settings", SETTINGS]]) {
    const section = find(place ?? "");
    const element = section.firstElementChild;
    if (element) element.setAttribute("token", token);
    else section.append(made(tag ?? "", token));
  }
  showPlace();
}

/**
 * @param {string} tag
 * @param {string} token
 */
function made(tag, token) {
  const element = document.createElement(tag);
  if (tag === INBOX) {
    element.setAttribute("tabs", "*");
    if ("push" in document.body.dataset) element.setAttribute("push", WORKER);
  }
  element.lang = document.documentElement.lang;
  element.setAttribute("token", token);
  return Object.assign(element, { onTokenExpired: renew });
}

async function renew() {
  try {
    return (await fresh()).token;
  } catch (error) {
    if (error instanceof Refused && error.status === 401) await leave();
    throw error;
  }
}

function showPlace() {
  const place = location.hash === "#settings" ? "settings" : "inbox";
  show(place);
  for (const name of ["inbox", "settings"]) {
    if (name === place) find(`to-${name}`).setAttribute("aria-current", "page");
    else find(`to-${name}`).removeAttribute("aria-current");
  }
}

/** Nobody is signed in any more. */
async function leave() {
  const wasHere = here !== null;
  await forget();
  if (wasHere) return startAnew();
  show("enter");
}

/**
 * With a page that never knew who was here before, in what memory and with whatever still runs.
 *
 * @returns {Promise<never>}
 */
function startAnew() {
  history.replaceState(null, "", "/inbox");
  location.reload();
  return new Promise(() => {});
}

/** Whatever this browser has of the one who was here. */
async function forget() {
  here = null;
  find("inbox").replaceChildren();
  find("settings").replaceChildren();
  for (const name of Object.keys(localStorage)) if (OURS.test(name)) localStorage.removeItem(name);
  const registration = await navigator.serviceWorker?.getRegistration("/inbox");
  const subscription = await registration?.pushManager?.getSubscription();
  await subscription?.unsubscribe();
}

async function signOut() {
  say("");
  try {
    await post("/inbox/sign-out");
  } catch {
    return say(words.stillSignedIn);
  }
  await leave();
}

/** @param {SubmitEvent} event */
async function askForLink(event) {
  event.preventDefault();
  say("");
  const form = /** @type {HTMLFormElement} */ (event.target);
  const email = String(new FormData(form).get("email"));
  try {
    await post("/inbox/sign-in", { email });
  } catch (error) {
    return say(whyNoLink(error));
  }
  find("sent-to").textContent = email;
  form.reset();
  show("sent");
}

/** @param {unknown} error */
function whyNoLink(error) {
  const status = error instanceof Refused ? error.status : 0;
  if (status === 422) return words.notAnAddress;
  if (status === 429) return words.tooOften;
  return words.unreachable;
}

/** The worker's address is one of ours and never made of anything, which the browser wants told. */
function install() {
  const makers = { createScriptURL: () => WORKER };
  const policy = Reflect.get(window, "trustedTypes")?.createPolicy("notifybell-inbox", makers);
  const url = policy?.createScriptURL(WORKER) ?? WORKER;
  void navigator.serviceWorker?.register(url, { scope: "/inbox" }).catch(() => {});
}

async function start() {
  const arrival = takeArrival();
  fill();
  find("sign-out").addEventListener("click", signOut);
  find("again").addEventListener("click", () => show("enter"));
  find("stay").addEventListener("click", () => resume());
  find("change").addEventListener("click", () => pending && enter(pending, true));
  document.getElementById("ask")?.addEventListener("submit", askForLink);
  addEventListener("hashchange", onHash);
  addEventListener("online", () => find("offline").hidden || open());
  addEventListener("storage", onOtherTab);
  install();
  await speak(remembered()?.locale);
  return arrival ? enter(arrival) : resume();
}

/**
 * Somebody signed out in another tab; or somebody else in, so the server is asked who.
 *
 * @param {StorageEvent} event
 */
function onOtherTab({ key, newValue }) {
  if (key === KEPT && newValue === null && here) void open();
}

function onHash() {
  const arrival = takeArrival();
  if (arrival) void enter(arrival);
  else if (!find("account").hidden) showPlace();
}

void start();

export {};
