/**
 * The live stream: Server-Sent Events over fetch, because EventSource cannot send a token.
 *
 * `follow` keeps a stream open until told to stop. What is lost between two connections is not
 * lost: every connection starts at the cursor.
 *
 * @import { Changes } from "./types.js"
 * @import { Api } from "./api.js"
 * @import { Tokens } from "./tokens.js"
 */
import { ApiError } from "./api.js";
import { backoff, Pause } from "./pause.js";

/** The server sends something every 15 to 20 s; silence of 2.5 times that is a dead connection. */
const STREAM_SILENCE_MS = 50_000;
/** A connection that held this long was a good one: the next failure is a first failure. */
const STEADY_MS = 10_000;

/**
 * One event; `name` is "" for a comment. The cursor is in the data, so ids are not kept.
 *
 * @typedef {{ name: string, data: string }} Message
 */

/** Cuts a text stream into events (WHATWG HTML 9.2.6), however the chunks fall. */
export class SseParser {
  /** Milliseconds the server asked to wait before the next connection, or null. @type {number | null} */
  retryMs = null;
  #rest = "";
  #endedInCr = false;
  #name = "";
  /** @type {string[]} */
  #data = [];

  /**
   * @param {string} chunk
   * @returns {Message[]}
   */
  push(chunk) {
    if (!chunk) return [];
    const text = this.#endedInCr && chunk.startsWith("\n") ? chunk.slice(1) : chunk;
    this.#endedInCr = chunk.endsWith("\r");
    const lines = (this.#rest + text).split(/\r\n|\r|\n/);
    this.#rest = /** @type {string} */ (lines.pop());
    return lines.flatMap((line) => this.#line(line) ?? []);
  }

  /**
   * @param {string} line
   * @returns {Message | undefined}
   */
  #line(line) {
    if (line === "") return this.#flush();
    if (line.startsWith(":")) return { name: "", data: line.slice(1).trim() };
    const [, field, value = ""] = /** @type {RegExpMatchArray} */ (line.match(/^([^:]*)(?:: ?(.*))?$/));
    if (field === "data") this.#data.push(value);
    else if (field === "event") this.#name = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return undefined;
  }

  /** @returns {Message | undefined} */
  #flush() {
    const message = { name: this.#name || "message", data: this.#data.join("\n") };
    const isEmpty = !this.#data.length;
    this.#name = "";
    this.#data = [];
    return isEmpty ? undefined : message;
  }
}

/**
 * Where the stream's news go. `reset` is awaited: the next connection needs the new cursor.
 *
 * @typedef {object} Sink
 * @property {() => number} cursor
 * @property {(changes: Changes) => void} changes
 * @property {() => Promise<void>} reset
 * @property {() => void} alive any sign of life
 * @property {(isUp: boolean) => void} up
 */

/**
 * Ends when `signal` aborts, or by raising an ApiError that no retry can cure.
 *
 * @param {{ api: Api, tokens: Tokens, pause: Pause, sink: Sink }} source
 * @param {AbortSignal} signal
 */
export async function follow(source, signal) {
  let attempt = 0;
  while (!signal.aborted) {
    const startedAt = Date.now();
    const wait = await connect(source, signal).catch((error) => askedWait(error));
    if (signal.aborted) return;
    source.sink.up(false);
    if (Date.now() - startedAt > STEADY_MS) attempt = 0;
    const isFirst = attempt === 0;
    const delay = isFirst ? (wait ?? backoff(0)) : Math.max(wait ?? 0, backoff(attempt));
    attempt += 1;
    await source.pause.wait(delay, signal);
  }
}

/**
 * @param {unknown} error
 * @returns {number | null} milliseconds the server asked to wait, or null
 */
function askedWait(error) {
  if (error instanceof ApiError && !error.isPassing) throw error;
  return error instanceof ApiError ? (error.retryAfterMs ?? null) : null;
}

/**
 * One connection, from opening to its end.
 *
 * @param {{ api: Api, tokens: Tokens, sink: Sink }} source
 * @param {AbortSignal} signal
 * @returns {Promise<number | null>} milliseconds to wait before the next, null when nobody said
 */
async function connect({ api, tokens, sink }, signal) {
  const watchdog = new Watchdog();
  const token = tokens.token;
  try {
    const response = await api.stream(sink.cursor(), AbortSignal.any([signal, watchdog.signal]));
    const parser = new SseParser();
    for await (const message of messages(response, parser, watchdog)) {
      sink.alive();
      if (message.name === "bye") break;
      if (message.name === "token-expired") return await renewed(tokens, token);
      if (isReset(message)) return await restarted(sink);
      if (message.name === "changes") {
        sink.changes(JSON.parse(message.data));
        sink.up(true);
      }
    }
    return parser.retryMs;
  } finally {
    watchdog.end();
  }
}

/** @param {Message} message */
function isReset({ name, data }) {
  return name === "reset" || (name === "changes" && JSON.parse(data).reset);
}

/** @param {Sink} sink */
async function restarted(sink) {
  await sink.reset();
  return 0;
}

/**
 * @param {Tokens} tokens
 * @param {string} refused
 */
async function renewed(tokens, refused) {
  await tokens.renew(refused).catch(() => {
    throw new ApiError(401, "token_expired", "the token has ended");
  });
  return 0;
}

/**
 * @param {Response} response
 * @param {SseParser} parser
 * @param {Watchdog} watchdog
 */
async function* messages(response, parser, watchdog) {
  const body = /** @type {ReadableStream<Uint8Array>} */ (response.body);
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      watchdog.feed();
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

/** Aborts its signal when nobody fed it for too long. */
class Watchdog {
  #controller = new AbortController();
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  constructor() {
    this.feed();
  }

  get signal() {
    return this.#controller.signal;
  }

  feed() {
    this.end();
    this.#timer = setTimeout(() => this.#controller.abort(), STREAM_SILENCE_MS);
  }

  end() {
    clearTimeout(this.#timer);
  }
}
