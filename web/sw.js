/**
 * The service worker: shows pushes, opens what they lead to and says so to the server. Pull it into
 * your own worker with `importScripts("https://bell.example.com/sw.js")`, alone or beside other code.
 *
 * The payload is a Declarative Web Push message, so Safari shows it even without this worker.
 */
(() => {
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

  /** What a push without a title is called, in the browser's language. @type {Record<string, string>} */
  const UNTITLED = {
    en: "New notification",
    de: "Neue Mitteilung",
    fr: "Nouvelle notification",
    es: "Nueva notificación",
    pt: "Nova notificação",
    ja: "新着通知",
    zh: "新通知",
    ar: "إشعار جديد",
  };

  worker.addEventListener("push", (event) => {
    const message = declared(event.data);
    if (message) event.waitUntil(show(message));
  });

  worker.addEventListener("notificationclick", (event) => {
    const { navigate, opened } = event.notification.data?.notifybell ?? {};
    if (!navigate) return;
    event.notification.close();
    // At once: a click allows a window to be opened for a moment only.
    event.waitUntil(Promise.all([open(navigate), tell(opened)]));
  });

  /** A page asks whether this worker is of any use to it. */
  worker.addEventListener("message", (event) => {
    if (event.data?.notifybell === "here?") event.ports[0]?.postMessage({ notifybell: "here" });
  });

  /**
   * Ours is a message with `web_push: 8030`; anything else is left to the page's own worker.
   *
   * @param {PushMessageData | null} data
   */
  function declared(data) {
    try {
      const { web_push, notification } = data?.json() ?? {};
      return web_push === 8030 ? (notification ?? {}) : null;
    } catch {
      return null;
    }
  }

  /**
   * Always shows something: a browser that sees a silent push takes the permission away.
   *
   * @param {{ title?: string, navigate?: string, data?: Record<string, unknown> } & NotificationOptions} message
   */
  function show({ title = untitled(), navigate, data, ...options }) {
    const { opened, ...rest } = data ?? {};
    const shown = { ...options, data: { ...rest, notifybell: { navigate, opened } } };
    return worker.registration.showNotification(title, shown);
  }

  function untitled() {
    const [language = ""] = worker.navigator.language.split("-");
    return UNTITLED[language] ?? "New notification";
  }

  /**
   * To the tab that shows it already, or to another one of that site, or a new one.
   *
   * @param {string} navigate
   */
  async function open(navigate) {
    const { href, origin, protocol } = new URL(navigate, worker.registration.scope);
    if (protocol !== "https:" && protocol !== "http:") return;
    const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const showing = windows.find(({ url }) => url === href);
    if (showing) return showing.focus();
    // Only tabs under this worker can be led elsewhere.
    const own = await worker.clients.matchAll({ type: "window" });
    const near = own.find(({ url }) => new URL(url).origin === origin);
    return (near && (await lead(near, href))) ?? worker.clients.openWindow(href);
  }

  /**
   * @param {WindowClient} client
   * @param {string} href
   * @returns {Promise<WindowClient | null>} null: the tab is gone, or does not go there
   */
  async function lead(client, href) {
    try {
      const focused = await client.focus();
      return await focused.navigate(href);
    } catch {
      return null;
    }
  }

  /**
   * Marks it read. The signed address is all it takes; a page's token is nowhere near.
   *
   * @param {unknown} opened
   */
  async function tell(opened) {
    if (typeof opened !== "string" || !/^https?:/.test(opened)) return;
    const options = /** @type {const} */ ({ method: "POST", mode: "no-cors", credentials: "omit", keepalive: true });
    // Without a network it stays unread: the user has it on the screen all the same.
    await fetch(opened, options).catch(() => {});
  }
})();
