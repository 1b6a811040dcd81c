/**
 * The service worker: shows pushes and opens what they lead to. Pull it into your own worker with
 * `importScripts("https://bell.example.com/sw.js")`, alone or beside other code.
 *
 * The payload is a Declarative Web Push message, so Safari shows it even without this worker.
 */
(() => {
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

  worker.addEventListener("push", (event) => {
    const message = declared(event.data);
    if (message) event.waitUntil(show(message));
  });

  worker.addEventListener("notificationclick", (event) => {
    const { navigate } = event.notification.data?.notifybell ?? {};
    if (!navigate) return;
    event.notification.close();
    event.waitUntil(open(navigate));
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
   * @param {{ title?: string, navigate?: string, data?: object } & NotificationOptions} message
   */
  function show({ title = "New notification", navigate, data, ...options }) {
    const shown = { ...options, data: { ...data, notifybell: { navigate } } };
    return worker.registration.showNotification(title, shown);
  }

  /**
   * To the tab that is there already, or a new one.
   *
   * @param {string} navigate
   */
  async function open(navigate) {
    const { href, protocol } = new URL(navigate, worker.registration.scope);
    if (protocol !== "https:" && protocol !== "http:") return;
    const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
    const known = windows.find((client) => client.url === href);
    await (known ? known.focus() : worker.clients.openWindow(href));
  }
})();
