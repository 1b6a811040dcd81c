/**
 * The calls of the HTTP API that the preference centre makes.
 *
 * @import { InboxClient } from "./client.js"
 * @import { Preferences, Settings, Topic } from "./preferences-types.js"
 */

const PREFERENCES_PATH = "/channels/user_preferences";
const PREFERENCES_TIMEOUT_MS = 20_000;
const TOPICS_PAGE = 100;

/**
 * @param {InboxClient} client
 * @returns {Promise<Settings>}
 */
export async function loadSettings(client) {
  const [answer, topics] = await Promise.all([call(client, PREFERENCES_PATH), loadTopics(client)]);
  const preferences = /** @type {Preferences} */ (await answer.json());
  return { ...preferences, topics };
}

/**
 * What is not in the body stays as it is.
 *
 * @param {InboxClient} client
 * @param {object} body
 */
export function putPreferences(client, body) {
  return call(client, PREFERENCES_PATH, "PUT", body);
}

/**
 * @param {InboxClient} client
 * @param {Topic} said
 */
export function putTopic(client, { topic, state }) {
  if (state !== "none") return call(client, "/subscriptions", "PUT", { topic, state });
  return call(client, `/subscriptions?${new URLSearchParams({ topic })}`, "DELETE");
}

/**
 * All of them, page by page.
 *
 * @param {InboxClient} client
 */
async function loadTopics(client) {
  /** @type {Topic[]} */
  const topics = [];
  for (let after = ""; ; after = topics.at(-1)?.topic ?? "") {
    const query = new URLSearchParams({ limit: String(TOPICS_PAGE) });
    if (after) query.set("starting_after", after);
    const page = await (await call(client, `/subscriptions?${query}`)).json();
    topics.push(...page.data);
    if (!page.links.next || !page.data.length) return topics;
  }
}

/**
 * @param {InboxClient} client
 * @param {string} path
 * @param {string} [method]
 * @param {object} [body]
 */
function call(client, path, method = "GET", body) {
  const signal = AbortSignal.timeout(PREFERENCES_TIMEOUT_MS);
  if (!body) return client.request(path, { method, signal });
  const headers = { "Content-Type": "application/json" };
  return client.request(path, { method, signal, headers, body: JSON.stringify(body) });
}
