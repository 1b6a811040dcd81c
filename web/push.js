/**
 * Opting in to web push. Call `enablePush` from a click: browsers ask only then.
 *
 * The page's own service worker receives: `navigator.serviceWorker.register("/notifybell-sw.js")`,
 * a file on the page's origin with the one line `importScripts("https://bell.example.com/sw.js")`.
 */
import { Api } from "./api.js";
import { Tokens } from "./tokens.js";

/**
 * @typedef {object} PushOptions
 * @property {string} serverUrl
 * @property {string} token the user's
 * @property {ServiceWorkerRegistration} registration
 */

/** Whether this browser can; on an iPhone only in an app on the home screen. */
export function canPush() {
  return "PushManager" in globalThis && "Notification" in globalThis;
}

/**
 * Asks the user and stores the browser's address with the server.
 *
 * @param {PushOptions} options
 * @returns {Promise<boolean>} false when the user says no
 */
export async function enablePush(options) {
  if (!canPush() || (await Notification.requestPermission()) !== "granted") return false;
  const { public_key: key } = await call(options, "POST", "/integrations/web_push/installations/start");
  const subscription = await subscribed(options.registration, bytes(key));
  await call(options, "PUT", "/channels/web_push/tokens", wire(subscription));
  return true;
}

/**
 * Call on every start of the page: browsers change addresses and hardly ever say so. Does nothing
 * for a user who has not opted in.
 *
 * @param {PushOptions} options
 * @returns {Promise<boolean>} whether push is on
 */
export async function refreshPush(options) {
  if (!canPush() || Notification.permission !== "granted") return false;
  const subscription = await options.registration.pushManager.getSubscription();
  return subscription ? enablePush(options) : false;
}

/**
 * Forgets the browser's address, here and at the server.
 *
 * @param {PushOptions} options
 */
export async function disablePush(options) {
  const subscription = await options.registration.pushManager.getSubscription();
  if (!subscription) return;
  // Stored again, the address answers with its id.
  const { id } = await call(options, "PUT", "/channels/web_push/tokens", wire(subscription));
  await call(options, "DELETE", `/channels/web_push/tokens/${encodeURIComponent(id)}`);
  await subscription.unsubscribe();
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

/** @param {PushSubscription} subscription */
function wire(subscription) {
  const { endpoint, keys } = subscription.toJSON();
  return { endpoint, keys: { p256dh: keys?.p256dh, auth: keys?.auth } };
}

/** @param {string} base64url */
function bytes(base64url) {
  const text = atob(base64url.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/**
 * @param {PushOptions} options
 * @param {"POST" | "PUT" | "DELETE"} method
 * @param {string} path
 * @param {object} [body]
 * @returns {Promise<any>} what the server answers
 */
async function call({ serverUrl, token }, method, path, body = {}) {
  const tokens = new Tokens(token, () => Promise.reject(new Error("no renewal")));
  const headers = { "Content-Type": "application/json" };
  const options = method === "DELETE" ? { method } : { method, headers, body: JSON.stringify(body) };
  const response = await new Api(serverUrl, tokens).request(path, options);
  return response.json();
}
