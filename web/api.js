/**
 * The calls of the HTTP API that a bell makes, each with the user's token.
 *
 * @import { Act, Changes, Filter, Page } from "./types.js"
 * @import { Tokens } from "./tokens.js"
 */

const TIMEOUT_MS = 20_000;
/** What is seen first comes soon; who scrolls on wants many. */
const FIRST_PAGE_SIZE = 20;
const NEXT_PAGE_SIZE = 100;
const CHANGES_LIMIT = 100;

/** The server's answer was no; `status` 0 means that there was none. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} detail
   * @param {number} [retryAfterMs]
   */
  constructor(status, code, detail, retryAfterMs) {
    super(`[notifybell] ${detail}`);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Trying the same again later can help. */
  get isPassing() {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export class Api {
  #base;
  #tokens;

  /**
   * @param {string} serverUrl
   * @param {Tokens} tokens
   */
  constructor(serverUrl, tokens) {
    this.#base = `${serverUrl.replace(/\/+$/, "")}/api`;
    this.#tokens = tokens;
  }

  /**
   * What happened after the cursor; without one, only where the cursor stands.
   *
   * @param {AbortSignal} signal
   * @param {number} [after]
   * @returns {Promise<Changes>}
   */
  changes(signal, after) {
    const query = after === undefined ? "" : `?after=${after}&limit=${CHANGES_LIMIT}`;
    return this.#json(`/notifications/changes${query}`, signal);
  }

  /**
   * @param {AbortSignal} signal
   * @param {Partial<Filter> & { after?: string | null }} [which]
   * @returns {Promise<Page>}
   */
  page(signal, { category, status, after } = {}) {
    const query = new URLSearchParams({ limit: String(after ? NEXT_PAGE_SIZE : FIRST_PAGE_SIZE) });
    if (status && status !== "all") query.set("status", status);
    if (category) query.set("category", category);
    if (after) query.set("starting_after", after);
    return this.#json(`/notifications?${query}`, signal);
  }

  /** @param {Act} act */
  async act({ key, mark, id, category, until, upTo }) {
    const one = id === null ? "" : `/${encodeURIComponent(id)}`;
    const which = { ...(category && { category }), ...(upTo && { up_to: upTo }) };
    const some = id === null ? `?${new URLSearchParams(which)}` : "";
    /** @type {Record<string, string>} */
    const headers = { "Idempotency-Key": key };
    if (until) headers["Content-Type"] = "application/json";
    // keepalive: a click on a notification marks it read while the page is being left.
    await this.request(`/notifications${one}/${mark}${some}`, {
      method: "POST",
      headers,
      body: until ? JSON.stringify({ until }) : null,
      keepalive: true,
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  }

  /**
   * The live stream, opened; it has no end of its own.
   *
   * @param {number} after
   * @param {AbortSignal} signal
   */
  stream(after, signal) {
    const headers = { Accept: "text/event-stream" };
    return this.request(`/notifications/stream?after=${after}`, { headers, signal });
  }

  /**
   * One call; a refused token is renewed and the call made once more.
   *
   * @param {string} path
   * @param {RequestInit} options
   * @returns {Promise<Response>} always a 2xx
   */
  async request(path, options) {
    const token = await this.#tokens.current();
    const response = await this.#send(path, options, token);
    if (response.ok) return response;
    const error = await problem(response);
    if (error.status !== 401) throw error;
    const renewed = await this.#tokens.renew(token).catch(() => {
      throw error;
    });
    const second = await this.#send(path, options, renewed);
    if (second.ok) return second;
    throw await problem(second);
  }

  /**
   * @param {string} path
   * @param {AbortSignal} signal
   */
  async #json(path, signal) {
    const until = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const response = await this.request(path, { signal: until });
    return response.json();
  }

  /**
   * @param {string} path
   * @param {RequestInit} options
   * @param {string} token
   */
  async #send(path, options, token) {
    const headers = { ...options.headers, Authorization: `Bearer ${token}` };
    try {
      return await fetch(this.#base + path, {
        ...options,
        headers,
        cache: "no-store",
        credentials: "omit",
      });
    } catch (error) {
      throw new ApiError(0, "unreachable", `no answer: ${error}`);
    }
  }
}

/** @param {Response} response */
async function problem(response) {
  const body = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("Retry-After"));
  const retryAfterMs = seconds > 0 ? seconds * 1000 : undefined;
  const detail = body.detail ?? `status ${response.status}`;
  return new ApiError(response.status, body.code ?? "unknown", detail, retryAfterMs);
}
