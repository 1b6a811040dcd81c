/**
 * The live examples: real elements over sandboxes of this page.
 *
 * @import { Draft } from "./sandbox.js"
 */
import { find, make } from "./page.js";
import { languageRows, rows } from "./sample-rows.js";
import { openSandbox } from "./sandbox.js";

const NEWS = /** @type {Draft[]} */ ([
  { title: "Your order has shipped", content: "It should be with you on **Thursday**.", category: "orders", action_url: "/docs/embed" },
  { title: "Bob replied to you", content: "“Once a week is plenty.”", category: "comments" },
  { title: "New sign-in from Lisbon", content: "If that was not you, change your password.", category: "security" },
]);
const HEARD = ["received", "read", "unread", "archived", "unarchived", "snoozed", "clicked", "opened", "closed", "toast"];
const MOST_LINES = 40;

/** The first four share one user, as they would on your page. */
const ann = openSandbox({ rows });

/**
 * @param {string} tag
 * @param {Record<string, string>} [attributes]
 * @param {ReturnType<typeof openSandbox>} [sandbox]
 */
const element = (tag, attributes = {}, sandbox = openSandbox({ rows })) => {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries({ ...sandbox.attributes, ...attributes })) made.setAttribute(name, value);
  return made;
};

const own = () => {
  const inbox = element("notify-inbox");
  const help = make("a", { slot: "header", href: "#own" }, "Help");
  inbox.append(help);
  Object.assign(inbox, {
    /** @param {{ title: string, category: string | null }} notification */
    renderItem: ({ title, category }) => make("div", { class: "own-card" }, `${category ?? "general"} · ${title}`),
  });
  return [inbox];
};

const languages = () => {
  const box = make("div", {});
  const choice = make("select", { "aria-label": "Language" });
  for (const [lang, { name }] of Object.entries(languageRows)) choice.append(make("option", { value: lang }, name));
  const show = () => {
    const words = languageRows[choice.value];
    if (!words) return;
    const dir = choice.value === "ar" ? "rtl" : "ltr";
    box.replaceChildren(element("notify-inbox", { lang: choice.value, dir }, openSandbox({ rows: words.rows })));
  };
  choice.value = "ar";
  choice.addEventListener("change", show);
  show();
  return [choice, box];
};

const events = () => {
  const log = make("ol", { class: "log", "aria-label": "Events", tabindex: "0" });
  log.append(make("li", { class: "quiet" }, "Click something above."));
  for (const name of HEARD) {
    document.addEventListener(`notify-${name}`, (event) => {
      if (!isAnns(event)) return;
      const { notification } = /** @type {CustomEvent} */ (event).detail;
      const what = notification ? ` ${notification.title}` : "";
      log.prepend(make("li", {}, make("code", {}, `notify-${name}`), what));
      while (log.children.length > MOST_LINES) log.lastChild?.remove();
    });
  }
  return [log];
};

/** @param {Event} event */
const isAnns = ({ target }) =>
  target instanceof Element && target.getAttribute("server-url") === ann.attributes["server-url"];

/** @type {Record<string, () => Node[]>} */
const examples = {
  bell: () => [make("div", { class: "bar" }, make("strong", {}, "Ann’s garden"), element("notify-bell", { tabs: "*" }, ann))],
  inbox: () => [element("notify-inbox", {}, ann)],
  toasts: () => {
    const send = make("button", { type: "button" }, "Send me one");
    send.addEventListener("click", sendOne);
    return [send, element("notify-toasts", { "title-badge": "" }, ann)];
  },
  events,
  preferences: () => [element("notify-preferences", {}, openSandbox({ topics: [{ topic: "projects/garden", state: "subscribed" }] }))],
  themes: () => ["", "soft", "contrast"].map((theme) => element("notify-inbox", theme ? { theme } : {})),
  properties: () => [element("notify-inbox", { theme: "light" })],
  own,
  languages,
};

let sent = 0;

function sendOne() {
  const news = NEWS[sent % NEWS.length];
  if (news) ann.send(news);
  sent += 1;
}

/** Shows what the playground's fields say, on the element and as a rule. */
function offerPlayground() {
  const form = /** @type {HTMLFormElement} */ (find("#playground"));
  const inbox = find('[data-example="properties"] notify-inbox');
  const show = () => {
    const lines = [...form.elements].map((field) => {
      const { name, value, dataset } = /** @type {HTMLInputElement} */ (field);
      const said = value + (dataset["unit"] ?? "");
      inbox.style.setProperty(name, said);
      return `  ${name}: ${said};`;
    });
    find("#playground-code").textContent = ["notify-inbox {", ...lines, "}"].join("\n");
  };
  form.addEventListener("input", show);
  show();
}

for (const place of document.querySelectorAll(".live")) {
  place.append(...(examples[/** @type {HTMLElement} */ (place).dataset["example"] ?? ""]?.() ?? []));
}
// Nobody is led away from the examples by a made-up notification.
document.addEventListener("notify-clicked", (event) => event.preventDefault());
find("#send").addEventListener("click", sendOne);
offerPlayground();
