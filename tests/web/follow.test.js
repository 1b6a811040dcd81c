import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { test } from "node:test";
import { Api } from "../../web/api.js";
import { Pause } from "../../web/pause.js";
import { follow } from "../../web/stream.js";
import { Tokens } from "../../web/tokens.js";

const body = (seq, more = {}) =>
  JSON.stringify({ data: [], seq, has_more: false, reset: false, unread_count: 0, unseen_count: 0, ...more });
const event = (name, data, id) => `id: ${id}\nevent: ${name}\ndata: ${data}\n\n`;

/**
 * Follows a server that gives one of `answers` to each connection, until the last one was given.
 * Returns what was asked for and what came out.
 */
async function followed(answers, { renew = async () => "fresh" } = {}) {
  const stop = new AbortController();
  const seen = { asked: [], tokens: [], changes: [], resets: 0, waits: [], failure: null };
  const server = createServer((request, response) => {
    seen.asked.push(new URL(request.url, "http://x").searchParams.get("after"));
    seen.tokens.push(request.headers.authorization);
    const answer = answers.shift();
    if (answer) return answer(response);
    response.end();
    stop.abort();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const tokens = new Tokens("first", renew);
  const api = new Api(`http://127.0.0.1:${server.address().port}`, tokens);
  let cursor = 5;
  const sink = {
    cursor: () => cursor,
    changes: (changes) => seen.changes.push((cursor = changes.seq)),
    reset: async () => void (seen.resets += 1, (cursor = 100)),
    alive: () => {},
    up: () => {},
  };
  // Records the wait instead of waiting it; the clock is the one thing that is not real here.
  class Recorded extends Pause {
    async wait(ms) {
      seen.waits.push(ms);
    }
  }
  await follow({ api, tokens, pause: new Recorded(), sink }, stop.signal).catch(
    (error) => (seen.failure = error),
  );
  server.closeAllConnections();
  server.close();
  return seen;
}

function stream(...chunks) {
  return (response) => {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    response.end(chunks.join(""));
  };
}

function refusal(status, code, headers = {}) {
  return (response) => {
    response.writeHead(status, { "Content-Type": "application/problem+json", ...headers });
    response.end(JSON.stringify({ status, code, detail: code }));
  };
}

test("every connection starts where the last one ended", async () => {
  const seen = await followed([
    stream(event("changes", body(6), 6), event("changes", body(9), 9)),
    stream(event("changes", body(12), 12)),
  ]);
  assert.deepEqual(seen.asked, ["5", "9", "12"]);
  assert.deepEqual(seen.changes, [6, 9, 12]);
});

test("a half event at the end of a connection is asked for again", async () => {
  const seen = await followed([stream(event("changes", body(6), 6), "id: 7\nevent: changes\ndata: {")]);
  assert.deepEqual(seen.asked, ["5", "6"]);
});

test("a farewell says when to come back", async () => {
  const seen = await followed([stream("retry: 4321\n", event("bye", "{}", ""))]);
  assert.deepEqual(seen.waits, [4321]);
});

test("a busy server is left alone as long as it asks", async () => {
  const seen = await followed([refusal(503, "too_many_streams", { "Retry-After": "7" })]);
  assert.deepEqual(seen.waits, [7000]);
});

test("a connection that keeps breaking is tried ever less often", async () => {
  const seen = await followed(Array.from({ length: 8 }, () => stream()));
  assert.ok(seen.waits.every((ms) => ms >= 1000 && ms <= 30_000), String(seen.waits));
});

test("a reset loads anew and follows from the new cursor", async () => {
  for (const news of [event("reset", "{}", ""), event("changes", body(0, { reset: true }), 0)]) {
    const seen = await followed([stream(news)]);
    assert.equal(seen.resets, 1);
    assert.deepEqual(seen.asked, ["5", "100"]);
    assert.deepEqual(seen.waits, [0]);
  }
});

test("an expired token is renewed and the stream goes on", async () => {
  const seen = await followed([stream(event("changes", body(6), 6), event("token-expired", "{}", ""))]);
  assert.deepEqual(seen.tokens, ["Bearer first", "Bearer fresh"]);
  assert.deepEqual(seen.asked, ["5", "6"]);
});

test("a refused token is renewed within the same attempt", async () => {
  const seen = await followed([refusal(401, "token_expired"), stream(event("changes", body(6), 6))]);
  assert.deepEqual(seen.tokens.slice(0, 2), ["Bearer first", "Bearer fresh"]);
  assert.deepEqual(seen.changes, [6]);
});

test("without a renewal a refused token is the end", async () => {
  const renew = () => Promise.reject(new Error("Ann is gone"));
  for (const answer of [refusal(401, "unauthenticated"), stream(event("token-expired", "{}", ""))]) {
    const seen = await followed([answer], { renew });
    assert.equal(seen.failure.status, 401);
    assert.equal(seen.asked.length, 1);
  }
});

test("a renewed token that expires at once does not spin", async () => {
  const expired = stream(event("token-expired", "{}", ""));
  const seen = await followed([expired, expired, expired]);
  assert.equal(seen.waits[0], 0);
  assert.ok(seen.waits.slice(1).every((ms) => ms >= 1000), String(seen.waits));
});
