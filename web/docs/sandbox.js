/**
 * For the docs only: a NotifyBell server that exists in this page and nowhere else.
 *
 * The elements are the real ones; what they ask of a sandbox's address is answered here, from
 * made-up rows. Nothing reaches the real server, nothing is kept, and no token is needed: a
 * sandbox's is no JWT, so that its client stores nothing either.
 *
 * @import { Mark, Notification } from "../types.js"
 * @import { Preferences, Topic } from "../preferences-types.js"
 */

import { changed, changes, hasStatus, isListed } from "./sandbox-marks.js";

const ROOT = `${location.origin}/docs/sandbox`;
const HEARTBEAT_MS = 15_000;
const PAGE_SIZE = 50;
const MINUTE_MS = 60_000;
/** Any point of the curve will do: nobody subscribes with it. */
const PUSH_KEY = "BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM";

/**
 * What can go wrong: nothing loads, nothing is answered, nothing is saved, now or ever, the token has
 * ended.
 *
 * @typedef {"none" | "broken" | "silent" | "read-only" | "forbidding" | "signed-out"} Trouble
 *
 * @typedef {object} Draft a row, as a story writes it
 * @property {string} title
 * @property {string} [content]
 * @property {string} [category]
 * @property {string} [action_url]
 * @property {number} [ago] minutes
 * @property {"unseen" | "unread" | "read" | "archived"} [status]
 * @property {string[]} [others] titles of those that the row stands for too
 * @property {Record<string, unknown>} [custom_attributes]
 *
 * @typedef {object} World
 * @property {Draft[]} [rows] newest first
 * @property {Partial<Preferences>} [preferences]
 * @property {Topic[]} [topics]
 * @property {Trouble} [trouble]
 */

/** @type {Map<string, Sandbox>} */
const sandboxes = new Map();
const fetchForReal = globalThis.fetch.bind(globalThis);

/** @type {typeof fetch} */
globalThis.fetch = (input, init = {}) => {
  const url = new URL(input instanceof Request ? input.url : String(input), location.href);
  const [, name, path] = url.href.match(/\/docs\/sandbox\/([\w-]+)\/api([^?]*)/) ?? [];
  const sandbox = url.href.startsWith(ROOT) && sandboxes.get(name ?? "");
  return sandbox ? sandbox.answer(path ?? "", url.searchParams, init) : fetchForReal(input, init);
};

/** @param {World} [world] */
export function openSandbox(world = {}) {
  const sandbox = new Sandbox(crypto.randomUUID(), world);
  sandboxes.set(sandbox.name, sandbox);
  return sandbox;
}

class Sandbox {
  #seq = 0;
  #made = 0;
  /** @type {Map<string, Notification>} */
  #rows = new Map();
  /** @type {Map<string, Notification[]>} */
  #groups = new Map();
  /** @type {Set<ReadableStreamDefaultController<Uint8Array>>} */
  #streams = new Set();
  /** @type {Preferences} */
  #preferences;
  /** @type {Topic[]} */
  #topics;
  /** @type {Trouble} */
  trouble;

  /**
   * @param {string} name
   * @param {World} world
   */
  constructor(name, { rows = [], preferences = {}, topics = [], trouble = "none" }) {
    this.name = name;
    this.trouble = trouble;
    this.#preferences = { ...PREFERENCES, ...structuredClone(preferences) };
    this.#topics = structuredClone(topics);
    for (const draft of rows.toReversed()) this.#add(draft);
    setInterval(() => this.#say(":\n\n"), HEARTBEAT_MS);
  }

  /** What makes an element this sandbox's. */
  get attributes() {
    return { "server-url": `${ROOT}/${this.name}`, token: `sandbox-${this.name}` };
  }

  /** Whether somebody listens. */
  get isHeard() {
    return this.#streams.size > 0;
  }

  /** @param {Draft} draft */
  send(draft) {
    const before = this.#seq;
    this.#add({ ago: 0, status: "unseen", ...draft });
    this.#tell(before);
  }

  /** Ends the streams, as a server that restarts; they come back by themselves. */
  drop() {
    for (const stream of this.#streams) stream.error(new TypeError("dropped"));
    this.#streams.clear();
  }

  /**
   * @param {string} path
   * @param {URLSearchParams} query
   * @param {RequestInit} init
   * @returns {Promise<Response>}
   */
  async answer(path, query, { method = "GET", body, signal }) {
    if (this.trouble === "silent") return untilAborted(signal);
    if (this.trouble === "broken") return refusal(503, "busy");
    if (this.trouble === "signed-out") return refusal(401, "token_expired");
    if (this.trouble === "read-only" && method !== "GET") return refusal(503, "busy");
    if (this.trouble === "forbidding" && method !== "GET") return refusal(403, "forbidden");
    const data = typeof body === "string" ? JSON.parse(body) : {};
    if (path === "/notifications/stream") return this.#stream(Number(query.get("after")), signal);
    if (path === "/notifications/changes") return json(this.#changes(query.get("after")));
    if (path === "/channels/user_preferences") return this.#answerPreferences(method, data);
    if (path === "/subscriptions") return this.#answerTopics(method, query, data);
    if (path.includes("/web_push/")) return json({ id: "push-1", auth_token: "sandbox", public_key: PUSH_KEY });
    if (path === "/notifications") return json(this.#page(query));
    return this.#answerNotification(path.split("/").slice(2), method, query, data);
  }

  /**
   * @param {string[]} words of the path
   * @param {string} method
   * @param {URLSearchParams} query
   * @param {{ until?: string }} data
   */
  #answerNotification(words, method, query, { until }) {
    const [first = "", second = ""] = words;
    if (method === "GET") return json({ data: this.#groups.get(first) ?? [] });
    const before = this.#seq;
    if (second) this.#mark(first, /** @type {Mark} */ (second), until);
    else this.#markAll(/** @type {Mark} */ (first), query.get("category"));
    this.#tell(before);
    return new Response(null, { status: 204 });
  }

  /** @param {Draft} draft */
  #add({ ago = 0, others = [], status = "unread", ...draft }) {
    const members = others.map((title) => this.#row({ ...draft, title }, status, ago));
    const row = this.#row(draft, status, ago);
    if (others.length) {
      this.#groups.set(row.id, [row, ...members]);
      row.group = { count: others.length + 1 };
    }
    this.#rows.set(row.id, row);
  }

  /**
   * @param {Draft} draft
   * @param {NonNullable<Draft["status"]>} status
   * @param {number} ago
   * @returns {Notification}
   */
  #row({ title, content, category, action_url, custom_attributes }, status, ago) {
    this.#made += 1;
    const id = `notification-${String(this.#made).padStart(6, "0")}`;
    const at = new Date(Date.now() - ago * MINUTE_MS).toISOString();
    const isRead = status === "read" || status === "archived";
    return {
      ...{ id, place: id, user_id: "ann", title, status, topic: null, group: null, snoozed_until: null },
      ...{ content: content ?? null, category: category ?? null, action_url: action_url ?? null },
      ...{ custom_attributes: custom_attributes ?? null, seq: ++this.#seq, discarded_at: null },
      ...{ created_at: at, updated_at: at, sent_at: at, seen_at: status === "unseen" ? null : at },
      ...{ read_at: isRead ? at : null, archived_at: status === "archived" ? at : null },
    };
  }

  /**
   * @param {string} id
   * @param {Mark} mark
   * @param {string} [until]
   */
  #mark(id, mark, until) {
    const row = this.#rows.get(id);
    if (!row) return;
    if (mark === "ungroup") return this.#ungroup(row);
    this.#rows.set(id, { ...row, ...changed(row, mark, until), seq: ++this.#seq });
  }

  /** @param {Notification} row */
  #ungroup(row) {
    for (const member of this.#groups.get(row.id) ?? []) {
      const { status, read_at } = row;
      this.#rows.set(member.id, { ...member, status, read_at, group: null, seq: ++this.#seq });
    }
    this.#groups.delete(row.id);
  }

  /**
   * @param {Mark} mark
   * @param {string | null} category
   */
  #markAll(mark, category) {
    for (const row of this.#rows.values()) {
      const isMeant = (!category || row.category === category) && isListed(row);
      if (isMeant && changes(row, mark)) this.#mark(row.id, mark);
    }
  }

  /** @param {string | null} after null: only where the cursor stands */
  #changes(after) {
    const rows = [...this.#rows.values()];
    const data = after === null ? [] : rows.filter(({ seq }) => seq > Number(after));
    const unread = rows.filter(({ status }) => status === "unseen" || status === "unread");
    const unseen = unread.filter(({ status }) => status === "unseen");
    const counts = { unread_count: unread.length, unseen_count: unseen.length };
    return { data: data.sort((a, b) => a.seq - b.seq), seq: this.#seq, has_more: false, reset: false, ...counts };
  }

  /** @param {URLSearchParams} query */
  #page(query) {
    const [status, category] = [query.get("status"), query.get("category")];
    const all = [...this.#rows.values()]
      .filter((row) => (status ? hasStatus(row, status) : isListed(row)))
      .filter((row) => !category || row.category === category)
      .sort((one, other) => (one.place < other.place ? 1 : -1));
    const after = query.get("starting_after");
    const start = after ? all.findIndex(({ id }) => id === after) + 1 : 0;
    const data = all.slice(start, start + (Number(query.get("limit")) || PAGE_SIZE));
    const isLast = start + data.length >= all.length;
    const next = isLast ? null : `${ROOT}/notifications?starting_after=${data.at(-1)?.id}`;
    return { data, links: { first: null, next, prev: null } };
  }

  /**
   * @param {string} method
   * @param {Partial<Preferences>} data
   */
  #answerPreferences(method, data) {
    if (method === "GET") return json(this.#preferences);
    const { categories = [], ...rest } = data;
    for (const { key, channels } of categories) {
      const known = this.#preferences.categories.find((category) => category.key === key);
      for (const { name, ...said } of channels) {
        Object.assign(known?.channels.find((channel) => channel.name === name) ?? {}, said);
      }
    }
    Object.assign(this.#preferences, rest);
    return new Response(null, { status: 204 });
  }

  /**
   * @param {string} method
   * @param {URLSearchParams} query
   * @param {Topic} said
   */
  #answerTopics(method, query, said) {
    if (method === "GET") return json({ data: this.#topics, links: { first: null, next: null, prev: null } });
    const name = query.get("topic") ?? said.topic;
    this.#topics = this.#topics.filter(({ topic }) => topic !== name);
    if (method === "PUT") this.#topics.push(said);
    return json(said);
  }

  /**
   * @param {number} after
   * @param {AbortSignal | null} [signal]
   */
  #stream(after, signal) {
    /** @type {ReadableStreamDefaultController<Uint8Array>} */
    let controller;
    const body = new ReadableStream({
      start: (made) => {
        controller = made;
        this.#streams.add(made);
        made.enqueue(event(this.#changes(String(after))));
      },
      cancel: () => void this.#streams.delete(controller),
    });
    signal?.addEventListener("abort", () => {
      if (this.#streams.delete(controller)) controller.error(signal.reason);
    });
    return new Response(body, { headers: { "content-type": "text/event-stream" } });
  }

  /** @param {number} before */
  #tell(before) {
    for (const stream of this.#streams) stream.enqueue(event(this.#changes(String(before))));
  }

  /** @param {string} text */
  #say(text) {
    for (const stream of this.#streams) stream.enqueue(new TextEncoder().encode(text));
  }
}

/** @param {object} changes */
function event(changes) {
  return new TextEncoder().encode(`event: changes\ndata: ${JSON.stringify(changes)}\n\n`);
}

/** @param {object} data */
function json(data) {
  return new Response(JSON.stringify(data), { headers: { "content-type": "application/json" } });
}

/**
 * @param {number} status
 * @param {string} code
 */
function refusal(status, code) {
  return new Response(JSON.stringify({ code, detail: "The sandbox says no." }), { status });
}

/**
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<never>}
 */
function untilAborted(signal) {
  return new Promise((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason));
  });
}

/**
 * @param {string} key
 * @param {string} label
 * @param {boolean} required
 * @param {...(boolean | string)} choices for inbox, email and web push: on, off, or a digest
 */
function category(key, label, required, ...choices) {
  const channels = choices.map((choice, number) => ({
    name: ["in_app", "email", "web_push"][number] ?? "",
    enabled: choice !== false,
    digest: typeof choice === "string" ? choice : null,
  }));
  return { key, label, required, channels };
}

/** @type {Preferences} */
const PREFERENCES = {
  categories: [
    category("orders", "Orders", false, true, true, true),
    category("comments", "Comments", false, true, "daily", false),
    category("news", "News", false, true, "weekly", false),
    category("security", "Security", true, true, true, true),
  ],
  time_zone: "Europe/Berlin",
  quiet_hours: null,
  paused_until: null,
  digest_at: null,
};
