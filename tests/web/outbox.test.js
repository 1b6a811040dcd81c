import assert from "node:assert/strict";
import { test } from "node:test";
import { newKey, Outbox } from "../../web/outbox.js";

/** The browser's storage, as the standard has it. */
class MemoryStorage {
  #items = new Map();
  get length() {
    return this.#items.size;
  }
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#items.get(key) ?? null;
  }
  setItem(key, value) {
    this.#items.set(key, value);
  }
  removeItem(key) {
    this.#items.delete(key);
  }
}

class FullStorage extends MemoryStorage {
  setItem() {
    throw new DOMException("full", "QuotaExceededError");
  }
}

/** Locks as all tabs of a browser share them. */
class Locks {
  #last = Promise.resolve();
  request(_name, run) {
    const result = this.#last.then(run);
    this.#last = result.catch(() => {});
    return result;
  }
}

function act(mark, id) {
  return { key: newKey(), mark, id, upTo: "ntf_9", at: "2026-11-24T12:00:00Z" };
}

/** A server that can be away, and what it was asked in which order. */
function aServer() {
  const server = { asked: [], answer: "done", hold: Promise.resolve() };
  server.deliver = async ({ mark, id }) => {
    server.asked.push(`${mark} ${id}`);
    await server.hold;
    return server.answer;
  };
  return server;
}

function aTab(server, { storage = new MemoryStorage(), locks } = {}) {
  return new Outbox("ann ", server.deliver, { storage, locks });
}

test("an act is sent at once, and forgotten once it is answered", async () => {
  const server = aServer();
  const outbox = aTab(server);
  const verdict = outbox.put(act("read", "1"));
  assert.equal(outbox.acts.length, 1);
  assert.equal(await verdict, "done");
  assert.deepEqual(outbox.acts, []);
});

test("a refused act is forgotten", async () => {
  const server = aServer();
  server.answer = "refused";
  const outbox = aTab(server);
  assert.equal(await outbox.put(act("read", "1")), "refused");
  assert.deepEqual(outbox.acts, []);
});

test("what could not be sent is sent in order by the next page", async () => {
  const server = aServer();
  const storage = new MemoryStorage();
  server.answer = "waits";
  const before = aTab(server, { storage });
  for (const mark of ["read", "unread", "archive"]) assert.equal(await before.put(act(mark, "1")), "waits");
  assert.deepEqual(server.asked, ["read 1"]);
  server.asked.length = 0;
  server.answer = "done";
  const after = aTab(server, { storage });
  assert.equal(await after.flush(), true);
  assert.deepEqual(server.asked, ["read 1", "unread 1", "archive 1"]);
  assert.deepEqual(after.acts, []);
});

test("while the server is away the first one is tried, and nothing overtakes it", async () => {
  const server = aServer();
  server.answer = "waits";
  const outbox = aTab(server);
  await outbox.put(act("read", "1"));
  await outbox.put(act("read", "2"));
  assert.equal(await outbox.flush(), false);
  assert.deepEqual(server.asked, ["read 1", "read 1"]);
});

test("a refused act does not hold up the next", async () => {
  const server = aServer();
  const outbox = aTab(server);
  server.answer = "waits";
  await outbox.put(act("read", "1"));
  await outbox.put(act("read", "2"));
  server.answer = "refused";
  assert.equal(await outbox.flush(), true);
  assert.deepEqual(outbox.acts, []);
});

test("acts on one row are sent one after the other, those on others at once", async () => {
  const server = aServer();
  let release;
  server.hold = new Promise((resolve) => (release = resolve));
  const outbox = aTab(server);
  const all = [outbox.put(act("read", "1")), outbox.put(act("unread", "1")), outbox.put(act("read", "2"))];
  await new Promise(setImmediate);
  assert.deepEqual(server.asked, ["read 1", "read 2"]);
  release();
  await Promise.all(all);
  assert.deepEqual(server.asked, ["read 1", "read 2", "unread 1"]);
});

test("an act behind one of the same row that waits, waits too", async () => {
  const server = aServer();
  let release;
  server.hold = new Promise((resolve) => (release = resolve));
  server.answer = "waits";
  const outbox = aTab(server);
  const all = [outbox.put(act("read", "1")), outbox.put(act("unread", "1"))];
  release();
  assert.deepEqual(await Promise.all(all), ["waits", "waits"]);
  assert.deepEqual(server.asked, ["read 1"]);
});

test("two tabs send what waits once", async () => {
  const server = aServer();
  const browser = { storage: new MemoryStorage(), locks: new Locks() };
  server.answer = "waits";
  const first = aTab(server, browser);
  await first.put(act("read", "1"));
  await first.put(act("read", "2"));
  server.asked.length = 0;
  server.answer = "done";
  const second = aTab(server, browser);
  assert.deepEqual(await Promise.all([first.flush(), second.flush()]), [true, true]);
  assert.deepEqual(server.asked, ["read 1", "read 2"]);
});

test("two tabs that act at the same time do not undo each other", async () => {
  const server = aServer();
  const storage = new MemoryStorage();
  server.answer = "waits";
  const [first, second] = [aTab(server, { storage }), aTab(server, { storage })];
  await Promise.all([first.put(act("read", "1")), second.put(act("read", "2"))]);
  assert.deepEqual(first.acts.map(({ id }) => id), ["1", "2"]);
  assert.deepEqual(second.acts, first.acts);
});

for (const [name, storage] of [["full", new FullStorage()], ["missing", null]]) {
  test(`with a storage that is ${name} acts wait in memory`, async () => {
    const server = aServer();
    server.answer = "waits";
    const outbox = aTab(server, { storage });
    await outbox.put(act("read", "1"));
    assert.equal(outbox.acts.length, 1);
    server.answer = "done";
    assert.equal(await outbox.flush(), true);
    assert.deepEqual(outbox.acts, []);
  });
}

test("what others left in the storage is not looked at", async () => {
  const storage = new MemoryStorage();
  storage.setItem("bob 1", JSON.stringify(act("read", "1")));
  storage.setItem("ann 1", "{broken");
  assert.deepEqual(aTab(aServer(), { storage }).acts, []);
});
