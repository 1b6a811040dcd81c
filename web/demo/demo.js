/**
 * The demo page: it plays a backend (with the project token) and two users' pages at once.
 *
 * @typedef {{ name: string, external_id: string, email: string, token: string }} Person
 * @typedef {{ project_token: string, users: Person[] }} Session
 * @typedef {{ id: string, to: string, subject: string, text: string, received_at: string }} Mail
 */

const MAIL_EVERY_MS = 1500;

/**
 * @param {string} selector
 * @returns {HTMLElement}
 */
const find = (selector) => /** @type {HTMLElement} */ (document.querySelector(selector));

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, string>} attributes
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
const make = (tag, attributes, ...children) => {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
};

/**
 * @template Answer
 * @param {string} path
 * @param {RequestInit} [init]
 * @returns {Promise<Answer>}
 */
const ask = async (path, init) => {
  const response = await fetch(path, init);
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail);
  return answer;
};

/** @returns {Promise<Session>} */
const session = () => ask("/demo/session");

/** @param {Person} person */
const card = (person) => {
  const bell = document.createElement("notify-bell");
  bell.setAttribute("token", person.token);
  Object.assign(bell, {
    onTokenExpired: async () => {
      const fresh = await session();
      return fresh.users.find((user) => user.external_id === person.external_id)?.token ?? "";
    },
  });
  const avatar = make("div", { class: "avatar", "aria-hidden": "true" }, person.name.slice(0, 1));
  const who = make("div", { class: "who" }, make("strong", {}, person.name), make("span", {}, person.email));
  return make("article", { class: "person", "aria-label": person.name }, avatar, who, bell);
};

/**
 * @param {string} label
 * @param {string} value
 * @param {boolean} checked
 */
const choice = (label, value, checked) => {
  const radio = make("input", { type: "radio", name: "to", value });
  radio.checked = checked;
  return make("label", {}, radio, label);
};

/** @param {FormData} form */
const broadcast = (form) => {
  const to = String(form.get("to"));
  const body = {
    title: String(form.get("title")),
    content: String(form.get("content")),
    category: String(form.get("category")),
    action_url: String(form.get("action_url")),
    recipients: [to === "everyone" ? { everyone: true } : { external_id: to }],
  };
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== ""));
};

/**
 * @param {HTMLFormElement} form
 * @param {string} token
 */
const send = async (form, token) => {
  const outcome = find("#outcome");
  try {
    const sent = await ask("/api/broadcasts", {
      method: "POST",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: JSON.stringify(broadcast(new FormData(form))),
    });
    outcome.textContent = `Accepted and on disk: ${sent.id}`;
  } catch (error) {
    outcome.textContent = error instanceof Error ? error.message : String(error);
  }
};

/** @param {HTMLFormElement} form */
const showCurl = (form) => {
  const json = JSON.stringify(broadcast(new FormData(form)), null, 2).replaceAll("'", "’");
  find("#curl").textContent =
    `curl ${location.origin}/api/broadcasts \\\n` +
    `  -H "Authorization: Bearer $PROJECT_TOKEN" \\\n  -d '${json}'`;
};

/** @param {Mail} mail */
const mailItem = (mail) => {
  const time = new Date(mail.received_at).toLocaleTimeString();
  const link = make("a", { href: `/demo/mails/${mail.id}`, target: "_blank", rel: "noopener" });
  link.textContent = "See it as a mail program would";
  return make(
    "li",
    { class: "mail" },
    make("strong", {}, mail.subject),
    make("p", {}, `to ${mail.to}, ${time}`),
    make("p", {}, mail.text.trim()),
    link,
  );
};

let newestMail = "";

const showMails = async () => {
  /** @type {{ data: Mail[] }} */
  const { data } = await ask("/demo/mails");
  const [newest] = data;
  if (newest === undefined || newest.id === newestMail) return;
  newestMail = newest.id;
  find("#no-mail").hidden = true;
  find("#mails").replaceChildren(...data.slice(0, 5).map(mailItem));
};

const watchMails = async () => {
  try {
    if (!document.hidden) await showMails();
  } catch {
    // the server is restarting; the next look will tell
  }
  setTimeout(watchMails, MAIL_EVERY_MS);
};

const showSnippet = () => {
  const tag = "script";
  const snippet =
    `<${tag} type="module" src="${location.origin}/notifybell.js"></${tag}>\n` +
    `<notify-bell token="…"></notify-bell>`;
  find("#embed").textContent = snippet;
  find("#copy").addEventListener("click", async () => {
    await navigator.clipboard.writeText(snippet);
    find("#copy").textContent = "Copied";
  });
};

const start = async () => {
  const { users, project_token: token } = await session();
  find("#people").append(...users.map(card));
  find("#recipients").append(
    ...users.map((user, index) => choice(user.name, user.external_id, index === 0)),
    choice("Everyone", "everyone", false),
  );
  const form = /** @type {HTMLFormElement} */ (find("#send"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    send(form, token);
  });
  form.addEventListener("input", () => showCurl(form));
  showCurl(form);
  showSnippet();
  watchMails();
};

start();
