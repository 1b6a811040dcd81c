/**
 * Opting in to web push. Call `enablePush` from a click: browsers ask only then.
 *
 * A service worker of the page's own receives: a file on its origin, `/notifybell-sw.js`, with the
 * one line `importScripts("https://bell.example.com/sw.js")`, or the site's worker with that line.
 */
import { Api } from "./api.js";
import { Tokens } from "./tokens.js";

const WORKER_FILE = "/notifybell-sw.js";
/** A worker of the site that knows us answers in a few milliseconds, once it has started. */
const ANSWER_MS = 3000;
/** The first iOS that has web push, for web apps on the home screen. */
const FIRST_IOS = 16.4;

/** A page's policy may allow each name once. @type {{ createScriptURL(url: string): string } | undefined} */
let workerPolicy;

/**
 * @typedef {object} PushOptions
 * @property {string} [serverUrl]
 * @property {string} [token] the user's
 * @property {{ request: (path: string, options: RequestInit) => Promise<Response> }} [client] an
 *   `InboxClient`, in place of the two above
 * @property {string} [worker] the page's worker file; "/notifybell-sw.js" by default
 * @property {ServiceWorkerRegistration} [registration] in place of that file
 */

/** Whether this browser can; on an iPhone only in an app on the home screen. */
export function canPush() {
  return "PushManager" in globalThis && "Notification" in globalThis && "serviceWorker" in navigator;
}

/**
 * Whether this is an iPhone's or iPad's browser, which has web push, but not in its tabs.
 *
 * @param {{ userAgent: string, maxTouchPoints: number, standalone?: boolean }} browser `navigator`
 */
export function needsHomeScreen({ userAgent, maxTouchPoints, standalone }) {
  // An iPad says that it is a Mac, but no Mac has a touch screen.
  const isApple = /iPhone|iPad|iPod/.test(userAgent) || (/Macintosh/.test(userAgent) && maxTouchPoints > 1);
  const [, major, minor] = /(?:OS |Version\/)(\d+)[._](\d+)/.exec(userAgent) ?? [];
  return isApple && !standalone && Number(`${major}.${minor}`) >= FIRST_IOS;
}

/**
 * Asks the user and stores the browser's address with the server.
 *
 * @param {PushOptions} options
 * @returns {Promise<boolean>} false when the user says no
 */
export async function enablePush(options) {
  if (!canPush() || (await Notification.requestPermission()) !== "granted") return false;
  await subscribe(options, await receiver(options));
  return true;
}

/**
 * Call on every start of the page: browsers change addresses and hardly ever say so, and a server
 * with another key needs another subscription. Does nothing for a user who has not opted in.
 *
 * @param {PushOptions} options
 * @returns {Promise<boolean>} whether push is on
 */
export async function refreshPush(options) {
  const known = canPush() && Notification.permission === "granted" && (await subscriptionOf(options));
  if (!known) return false;
  await subscribe(options, known.registration);
  return true;
}

/**
 * Whether the server has web push. Without an answer it is taken for granted: a click will tell.
 *
 * @param {PushOptions} options
 */
export async function offersPush(options) {
  try {
    await start(options);
    return true;
  } catch (error) {
    return Reflect.get(Object(error), "isPassing") === true;
  }
}

/**
 * Forgets the browser's address, here and at the server.
 *
 * @param {PushOptions} options
 */
export async function disablePush(options) {
  const known = canPush() && (await subscriptionOf(options));
  if (!known) return;
  // Stored again, the address answers with its id.
  const { id } = await callServer(options, "PUT", "/channels/web_push/tokens", wire(known.subscription));
  await callServer(options, "DELETE", `/channels/web_push/tokens/${encodeURIComponent(id)}`);
  await known.subscription.unsubscribe();
}

/**
 * @param {PushOptions} options
 * @param {ServiceWorkerRegistration} registration
 */
async function subscribe(options, registration) {
  const { public_key } = await start(options);
  const subscription = await subscribed(registration, bytes(public_key));
  await callServer(options, "PUT", "/channels/web_push/tokens", wire(subscription));
}

/**
 * @param {PushOptions} options
 * @returns {Promise<{ public_key: string }>}
 */
function start(options) {
  return callServer(options, "POST", "/integrations/web_push/installations/start");
}

/**
 * The subscription for this key; one made for another key is of no use and is replaced.
 *
 * @param {ServiceWorkerRegistration} registration
 * @param {Uint8Array<ArrayBuffer>} key
 */
async function subscribed({ pushManager }, key) {
  const known = await pushManager.getSubscription();
  const knownKey = new Uint8Array(known?.options.applicationServerKey ?? new ArrayBuffer(0));
  if (known && knownKey.join() === key.join()) return known;
  await known?.unsubscribe();
  return pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
}

/**
 * What there is already; nothing is registered for it, and what another service has is let alone.
 *
 * @param {PushOptions} options
 */
async function subscriptionOf({ registration, worker = WORKER_FILE }) {
  for (const each of registration ? [registration] : await registrations(worker)) {
    const subscription = await each.pushManager.getSubscription();
    if (subscription && (registration || (await isOurs(each, worker)))) return { registration: each, subscription };
  }
  return null;
}

/**
 * The registration that is to receive, active: that of our file, or else of the site's worker if our
 * line is in it. Where it is not, our file gets a scope without pages, beside the site's worker.
 *
 * @param {PushOptions} options
 * @returns {Promise<ServiceWorkerRegistration>}
 */
async function receiver({ registration, worker = WORKER_FILE }) {
  if (registration) return registration;
  const [known] = await registrations(worker);
  if (!known) return register(worker);
  if (await isOurs(known, worker)) return known;
  return register(worker, { scope: new URL("notifybell-push/", absolute(worker)).href });
}

/**
 * Those that may be ours: of our file first, then the one that this page is under.
 *
 * @param {string} worker
 */
async function registrations(worker) {
  const all = await navigator.serviceWorker.getRegistrations();
  const own = all.filter((each) => scriptOf(each) === absolute(worker));
  const site = await navigator.serviceWorker.getRegistration();
  return site && !own.some(({ scope }) => scope === site.scope) ? [...own, site] : own;
}

/**
 * @param {ServiceWorkerRegistration} registration
 * @param {string} worker
 */
async function isOurs(registration, worker) {
  return scriptOf(registration) === absolute(worker) || answers(registration.active);
}

/** @param {ServiceWorkerRegistration} registration */
function scriptOf({ active, waiting, installing }) {
  return (active ?? waiting ?? installing)?.scriptURL;
}

/** @param {string} url */
function absolute(url) {
  return new URL(url, location.href).href;
}

/**
 * @param {string} worker
 * @param {RegistrationOptions} [options]
 */
async function register(worker, options) {
  const registration = await navigator.serviceWorker.register(trusted(absolute(worker)), options);
  await activation(registration);
  return registration;
}

/**
 * Pages with Trusted Types want the address of a script vouched for: it is the page's own choice.
 *
 * @param {string} url
 * @returns {string}
 */
function trusted(url) {
  const makers = { createScriptURL: (/** @type {string} */ own) => own };
  workerPolicy ??= Reflect.get(globalThis, "trustedTypes")?.createPolicy("notifybell-worker", makers);
  return workerPolicy?.createScriptURL(url) ?? url;
}

/** @param {ServiceWorkerRegistration} registration */
async function activation({ installing, waiting, active }) {
  const worker = active ?? waiting ?? installing;
  if (!worker || worker.state === "activated") return;
  await new Promise((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve(null);
      if (worker.state === "redundant") reject(new Error("[notifybell] the worker could not be installed"));
    });
  });
}

/**
 * Whether our line is in a worker of the site.
 *
 * @param {ServiceWorker | null} worker
 */
async function answers(worker) {
  if (!worker) return false;
  const { port1, port2 } = new MessageChannel();
  const answer = new Promise((resolve) => (port1.onmessage = () => resolve(true)));
  worker.postMessage({ notifybell: "here?" }, [port2]);
  const silence = new Promise((resolve) => setTimeout(resolve, ANSWER_MS, false));
  return /** @type {Promise<boolean>} */ (Promise.race([answer, silence])).finally(() => port1.close());
}

/** @param {PushSubscription} subscription */
function wire(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  const key = subscription.options.applicationServerKey;
  const made = key ? { application_server_key: base64url(new Uint8Array(key)) } : {};
  return { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth }, ...made };
}

/** @param {Uint8Array} data */
function base64url(data) {
  return btoa(String.fromCharCode(...data)).replace(/\+/g, "-").replace(/\//g, "_").replace(/=/g, "");
}

/** @param {string} text base64url */
function bytes(text) {
  const binary = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/**
 * @param {PushOptions} options
 * @param {"POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>} what the server answers
 */
async function callServer({ client, serverUrl = location.origin, token = "" }, method, path, body = {}) {
  const tokens = new Tokens(token, () => Promise.reject(new Error("no renewal")));
  const headers = { "Content-Type": "application/json" };
  const options = method === "DELETE" ? { method } : { method, headers, body: JSON.stringify(body) };
  const response = await (client ?? new Api(serverUrl, tokens)).request(path, options);
  return response.json();
}
