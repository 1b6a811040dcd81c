/**
 * The hosted inbox's service worker: opens the page without a network, and shows pushes.
 *
 * The server writes what to keep before this text, as `self.shell`. Always the network first: it
 * answers 304 mostly, and never mixes an old script with a new page.
 */
importScripts("/sw.js");

(() => {
  const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
  /** @type {{ version: string, files: string[] }} */
  const { version, files } = Reflect.get(self, "shell");
  const PREFIX = "notifybell-inbox-";
  const CACHE = PREFIX + version;
  const PAGES = ["/inbox", "/inbox/sign-in"];
  /** A network that takes longer is as good as none. */
  const PATIENCE_MS = 3000;

  worker.addEventListener("install", (event) => {
    event.waitUntil(fill());
  });

  worker.addEventListener("activate", (event) => {
    event.waitUntil(tidy().then(() => worker.clients.claim()));
  });

  worker.addEventListener("fetch", (event) => {
    const { method, mode, url } = event.request;
    const { origin, pathname } = new URL(url);
    if (method !== "GET" || origin !== worker.location.origin) return;
    const isPage = mode === "navigate" && PAGES.includes(pathname);
    if (isPage || files.includes(pathname)) event.respondWith(answer(event.request, isPage));
  });

  async function fill() {
    const cache = await caches.open(CACHE);
    await cache.addAll(files.map((path) => new Request(path, { cache: "no-cache" })));
    await worker.skipWaiting();
  }

  async function tidy() {
    const old = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
  }

  /**
   * @param {Request} request
   * @param {boolean} isPage one page, whatever its address
   * @returns {Promise<Response>}
   */
  async function answer(request, isPage) {
    const kept = await caches.match(isPage ? "/inbox" : request, { cacheName: CACHE });
    const fetched = fetch(request);
    if (!kept) return fetched;
    const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, kept));
    return Promise.race([fetched.catch(() => kept), late]);
  }
})();
