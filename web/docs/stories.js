/**
 * Every element in every state: what the gallery shows, what tests open, what README's pictures are of.
 *
 * @import { World } from "./sandbox.js"
 * @import { Stage } from "./stage.js"
 *
 * @typedef {object} Story
 * @property {string} id
 * @property {string} group
 * @property {string} title
 * @property {string} tag
 * @property {World} [world]
 * @property {Record<string, string>} [attributes]
 * @property {(element: HTMLElement) => void} [dress] before it is in the page
 * @property {() => void} [browser] makes the browser another; before the element is in the page
 * @property {(stage: Stage) => Promise<unknown> | void} [play] brings the state about
 * @property {string} [lang]
 */
import { languageRows, manyRows, rows } from "./sample-rows.js";

const WEEK_MINUTES = 10_080;

/** @param {Stage} stage */
const open = async (stage) => {
  await stage.click("button");
  await stage.see("panel");
};

/** @param {Stage} stage */
const openList = async (stage) => {
  await open(stage);
  await stage.see("item");
};

/** @param {Stage} stage */
const secondRow = async (stage) => {
  await openList(stage);
  await stage.press("ArrowDown");
  await stage.press("ArrowDown");
};

/** @param {NotificationPermission} permission */
const withPermission = (permission) => () => {
  Object.defineProperty(Notification, "permission", { get: () => permission, configurable: true });
};

const asIphone = () => {
  Reflect.deleteProperty(globalThis, "PushManager");
  const userAgent =
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)" +
    " Version/17.4 Mobile/15E148 Safari/604.1";
  Object.defineProperty(navigator, "userAgent", { value: userAgent });
};

const failingPush = () => {
  withPermission("default")();
  Notification.requestPermission = () => Promise.reject(new DOMException("made to fail", "AbortError"));
};

/** @param {HTMLElement} bell */
const ownCards = (bell) => {
  /** @param {{ title: string, category: string | null }} notification */
  const renderItem = ({ title, category }) => {
    const card = document.createElement("div");
    card.className = "own-card";
    card.textContent = `${category ?? "general"} · ${title}`;
    return card;
  };
  Object.assign(bell, { renderItem });
};

/**
 * @param {string} slot
 * @param {string} text
 */
const slotted = (slot, text) => (/** @type {HTMLElement} */ element) => {
  const child = document.createElement("span");
  child.slot = slot;
  child.className = `own-${slot}`;
  child.textContent = text;
  element.append(child);
};

/** @param {HTMLElement} element */
const ownIcon = (element) => {
  const icon = document.createElement("img");
  Object.assign(icon, { slot: "icon", src: "/docs/assets/icon.svg", alt: "", width: 24, height: 24 });
  element.append(icon);
};

const bell = { tag: "notify-bell" };
const inbox = { tag: "notify-inbox" };
const toasts = { tag: "notify-toasts", attributes: { duration: "0" } };
const preferences = { tag: "notify-preferences" };
const TOPICS = /** @type {const} */ ([
  { topic: "projects/garden", state: "subscribed" },
  { topic: "threads/42", state: "muted" },
]);
const QUIET = { start: "22:00", end: "07:00", days: /** @type {const} */ (["mon", "tue", "wed", "thu", "fri"]) };

/** @type {Omit<Story, "group">[]} */
const bells = [
  { id: "bell-quiet", title: "Nothing unread", ...bell, world: { rows: [] } },
  { id: "bell-unread", title: "Unread", ...bell, world: { rows }, play: (stage) => stage.see("badge") },
  { id: "bell-many", title: "More than 99", ...bell, world: { rows: manyRows(101) }, play: (stage) => stage.see("badge") },
  { id: "bell-icon", title: "An icon of the page", ...bell, world: { rows }, dress: ownIcon, play: (stage) => stage.see("badge") },
];

/** @type {Omit<Story, "group">[]} */
const panels = [
  { id: "panel-list", title: "List", ...bell, world: { rows }, play: openList },
  { id: "panel-tabs", title: "Tabs", ...bell, attributes: { tabs: "*" }, world: { rows }, play: async (stage) => {
    await openList(stage);
    await stage.see("tab");
  } },
  { id: "panel-tab-chosen", title: "A tab chosen", ...bell, attributes: { tabs: "orders,comments" }, world: { rows }, play: async (stage) => {
    await openList(stage);
    await stage.click("tab", 1);
  } },
  { id: "panel-unread-only", title: "Unread only", ...bell, world: { rows }, play: async (stage) => {
    await openList(stage);
    await stage.click("filter");
  } },
  { id: "panel-nothing-matches", title: "Nothing matches", ...bell, attributes: { tabs: "billing,orders" }, world: { rows }, play: async (stage) => {
    await openList(stage);
    await stage.click("tab", 1);
    await stage.see("empty");
  } },
  { id: "panel-empty", title: "Empty", ...bell, world: { rows: [] }, play: async (stage) => {
    await open(stage);
    await stage.see("empty");
  } },
  { id: "panel-own-empty", title: "Empty, in the page’s words", ...bell, world: { rows: [] }, dress: slotted("empty", "The garden is quiet today."), play: open },
  { id: "panel-own-items", title: "Items drawn by the page", ...bell, world: { rows }, dress: ownCards, play: openList },
  { id: "panel-group-open", title: "A group, opened", ...bell, world: { rows }, play: async (stage) => {
    await openList(stage);
    await stage.click("group-toggle");
    await stage.see("member");
  } },
  { id: "panel-row-in-use", title: "A row with the focus", ...bell, world: { rows }, play: secondRow },
  { id: "panel-snooze", title: "The snooze menu", ...bell, world: { rows }, play: async (stage) => {
    await secondRow(stage);
    await stage.press("s");
    await stage.see("menu-item");
  } },
  { id: "panel-undo", title: "Undo", ...bell, world: { rows }, play: async (stage) => {
    await secondRow(stage);
    await stage.press("e");
    await stage.see("undo");
  } },
  { id: "panel-not-saved", title: "An act that was not saved", ...bell, world: { rows }, play: async (stage) => {
    await secondRow(stage);
    stage.sandbox.trouble = "forbidding";
    await stage.press("e");
    await stage.seeText("toast", /not saved|didn’t|could not/i);
  } },
  { id: "panel-new-above", title: "News above", ...bell, world: { rows: manyRows(40) }, play: async (stage) => {
    await openList(stage);
    await stage.live();
    await stage.scroll("body", 900);
    stage.sandbox.send({ title: "Cy replied to “Roses”", category: "comments" });
    await stage.see("pill");
  } },
  { id: "panel-loading", title: "Loading", ...bell, world: { trouble: "silent" }, play: async (stage) => {
    await open(stage);
    await stage.see("skeleton");
  } },
  { id: "panel-error", title: "Not loaded", ...bell, world: { trouble: "broken" }, play: async (stage) => {
    await open(stage);
    await stage.see("error");
  } },
  { id: "panel-offline", title: "Offline", ...bell, world: { rows }, play: async (stage) => {
    await openList(stage);
    await stage.live();
    Object.defineProperty(navigator, "onLine", { get: () => false, configurable: true });
    stage.sandbox.trouble = "silent";
    stage.sandbox.drop();
    dispatchEvent(new Event("offline"));
    await stage.see("hint");
  } },
  { id: "panel-reconnecting", title: "Connecting again", ...bell, world: { rows }, play: async (stage) => {
    await openList(stage);
    await stage.live();
    stage.sandbox.trouble = "silent";
    stage.sandbox.drop();
    await stage.see("hint");
  } },
  { id: "panel-signed-out", title: "The session is over", ...bell, world: { rows }, play: async (stage) => {
    await openList(stage);
    await stage.live();
    stage.sandbox.trouble = "signed-out";
    stage.sandbox.drop();
    await stage.seeText("hint", /ended/);
  } },
];

/** @type {Omit<Story, "group">[]} */
const pushes = [
  { id: "push-offered", title: "Offered", browser: withPermission("default"), ...bell },
  { id: "push-blocked", title: "Blocked in the browser", browser: withPermission("denied"), ...bell },
  { id: "push-iphone", title: "On an iPhone", browser: asIphone, ...bell },
  { id: "push-failed", title: "Failed", browser: failingPush, ...bell },
].map((story) => ({
  ...story,
  attributes: { push: "/docs/assets/no-worker.js" },
  world: { rows: rows.slice(0, 3) },
  play: async (/** @type {Stage} */ stage) => {
    await openList(stage);
    await stage.see("push");
    if (story.id !== "push-failed") return;
    await stage.click("push-on");
    await stage.see("push-retry");
  },
}));

/** @type {Omit<Story, "group">[]} */
const inboxes = [
  { id: "inbox-list", title: "List", ...inbox, attributes: { tabs: "*" }, world: { rows }, play: (stage) => stage.see("item") },
  { id: "inbox-many", title: "A thousand", ...inbox, world: { rows: manyRows(1000) }, play: (stage) => stage.see("item") },
  { id: "inbox-empty", title: "Empty", ...inbox, world: { rows: [] }, play: (stage) => stage.see("empty") },
  { id: "inbox-loading", title: "Loading", ...inbox, world: { trouble: "silent" }, play: (stage) => stage.see("skeleton") },
  { id: "inbox-error", title: "Not loaded", ...inbox, world: { trouble: "broken" }, play: (stage) => stage.see("error") },
];

/** @param {...Parameters<Stage["sandbox"]["send"]>[0]} drafts */
const toast = (...drafts) => async (/** @type {Stage} */ stage) => {
  await stage.live();
  for (const [number, draft] of drafts.entries()) {
    stage.sandbox.send(draft);
    await stage.see("toast", number + 1);
  }
};
const shipped = { title: "Your order has shipped", content: "It should be with you on Thursday.", category: "orders", action_url: "/docs" };

/** @type {Omit<Story, "group">[]} */
const toastStories = [
  { id: "toasts-one", title: "One", ...toasts, play: toast(shipped) },
  { id: "toasts-three", title: "Three", ...toasts, play: toast(shipped, { title: "Bob replied to you", content: "“Roses are fine.”", category: "comments" }, { title: "New sign-in from Lisbon", category: "security" }) },
  { id: "toasts-top", title: "At the top, in the middle", ...toasts, attributes: { duration: "0", position: "top-center" }, play: toast(shipped) },
];

/** @type {Omit<Story, "group">[]} */
const preferenceStories = [
  { id: "preferences-all", title: "All of it", ...preferences, world: { topics: [...TOPICS] }, play: (stage) => stage.see("table") },
  { id: "preferences-quiet", title: "With quiet hours", ...preferences, world: { preferences: { quiet_hours: { ...QUIET, days: [...QUIET.days] } } }, play: (stage) => stage.see("day") },
  { id: "preferences-paused", title: "Paused", ...preferences, world: { preferences: { paused_until: new Date(Date.now() + WEEK_MINUTES * 60_000).toISOString() } }, play: (stage) => stage.see("paused") },
  { id: "preferences-saved", title: "Saved", ...preferences, play: async (stage) => {
    await stage.click("switch");
    await stage.seeText("saved", /./);
  } },
  { id: "preferences-refused", title: "Not saved", ...preferences, world: { trouble: "read-only" }, play: async (stage) => {
    await stage.click("switch");
    await stage.seeText("saved", /./);
  } },
  { id: "preferences-loading", title: "Loading", ...preferences, world: { trouble: "silent" }, play: (stage) => stage.see("skeleton") },
  { id: "preferences-error", title: "Not loaded", ...preferences, world: { trouble: "broken" }, play: (stage) => stage.see("error") },
];

/** @type {Omit<Story, "group">[]} */
const languages = Object.entries(languageRows).map(([lang, { name, rows }]) => ({
  ...{ id: `language-${lang}`, title: name, ...bell, lang, world: { rows }, play: openList },
}));

/** @type {Record<string, Omit<Story, "group">[]>} */
const groups = {
  Bell: bells,
  Panel: panels,
  "Web push": pushes,
  Inbox: inboxes,
  Toasts: toastStories,
  Preferences: preferenceStories,
  Languages: languages,
};

/** @type {Story[]} */
export const stories = Object.entries(groups).flatMap(([group, some]) => some.map((story) => ({ ...story, group })));
