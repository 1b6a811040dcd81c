import assert from "node:assert/strict";
import { test } from "node:test";
import { Cache } from "../../web/cache.js";
import { emptyInbox, reduce, view } from "../../web/inbox-state.js";

const SERVER = "https://bell.test/";
const AT = "2026-11-24T12:00:00Z";

function row(number, fields = {}) {
  const id = `ntf_${String(number).padStart(3, "0")}`;
  const marks = { seen_at: null, read_at: null, archived_at: null, snoozed_until: null };
  return { id, place: id, title: "Order", category: null, status: "unseen", seq: number, group: null, ...marks, ...fields };
}

/** The inbox of Ann with `count` notifications loaded, and more to come when `next` is set. */
function inbox(count, next = null) {
  const rows = Array.from({ length: count }, (_, index) => row(count - index));
  const changes = { data: [], seq: count, has_more: false, reset: false, unread_count: 40, unseen_count: 30 };
  const counted = reduce(emptyInbox, { type: "counted", changes });
  return reduce(counted, { type: "loaded", page: { data: rows, links: { first: "x", next, prev: null } } });
}

/** A storage that holds one text. */
function aStorage(text = null) {
  return {
    text,
    getItem() {
      return this.text;
    },
    setItem(_key, value) {
      this.text = value;
    },
    removeItem() {
      this.text = null;
    },
  };
}

function painted(kept) {
  return reduce(emptyInbox, { type: "cached", inbox: kept });
}

test("the next visit begins with what the last one saw", () => {
  const storage = aStorage();
  const state = inbox(3);
  new Cache(storage, SERVER, "ann").write(state, []);
  const kept = new Cache(storage, SERVER, "ann").read();
  assert.deepEqual(view(painted(kept)), view(state));
  assert.equal(painted(kept).phase, "cached");
});

test("the categories are kept with the inbox", () => {
  const storage = aStorage();
  const orders = { key: "orders", label: "Orders" };
  new Cache(storage, SERVER, "ann").write(inbox(3), [orders]);
  assert.deepEqual(new Cache(storage, SERVER, "ann").read().categories, [orders]);
});

test("another user sees nothing of it", () => {
  const storage = aStorage();
  new Cache(storage, SERVER, "ann").write(inbox(3), []);
  assert.equal(new Cache(storage, SERVER, "bob").read(), null);
});

test("the next user's inbox takes its place", () => {
  const storage = aStorage();
  new Cache(storage, SERVER, "ann").write(inbox(3), []);
  new Cache(storage, SERVER, "bob").write(inbox(1), []);
  assert.equal(new Cache(storage, SERVER, "ann").read(), null);
  assert.equal(new Cache(storage, SERVER, "bob").read().rows.length, 1);
});

test("nothing stays of a user who signs out", () => {
  const storage = aStorage();
  const cache = new Cache(storage, SERVER, "ann");
  cache.write(inbox(3), []);
  cache.clear();
  assert.equal(storage.text, null);
});

test("without a storage nothing is kept, and nothing fails", () => {
  const cache = new Cache(null, SERVER, "ann");
  cache.write(inbox(3), []);
  cache.clear();
  assert.equal(cache.read(), null);
});

test("only the first page is kept, and that there is more", () => {
  const storage = aStorage();
  new Cache(storage, SERVER, "ann").write(inbox(50), []);
  const kept = new Cache(storage, SERVER, "ann").read();
  assert.equal(kept.rows.length, 20);
  assert.equal(painted(kept).next, "");
  assert.equal(view(painted(kept)).items.length, 20);
});

test("rows of other lists are not kept", () => {
  const storage = aStorage();
  const change = { data: [row(2, { seq: 9, status: "archived" })], seq: 9, unread_count: 1, unseen_count: 1 };
  new Cache(storage, SERVER, "ann").write(reduce(inbox(3), { type: "changed", changes: change }), []);
  assert.equal(new Cache(storage, SERVER, "ann").read().rows.length, 2);
});

test("what is not confirmed is not kept: the outbox has it", () => {
  const storage = aStorage();
  const act = { key: "1", mark: "archive", id: "ntf_002", upTo: "ntf_9", at: AT };
  new Cache(storage, SERVER, "ann").write(reduce(inbox(3), { type: "acted", act }), []);
  assert.equal(new Cache(storage, SERVER, "ann").read().rows.length, 3);
});

for (const [what, text] of [
  ["broken", "{"],
  ["of another shape", '{"version":0,"user":"ann","inbox":{"rows":[]}}'],
  ["missing", null],
]) {
  test(`what is ${what} is not read`, () => {
    assert.equal(new Cache(aStorage(text), SERVER, "ann").read(), null);
  });
}

test("a full storage is no error", () => {
  const full = {
    getItem: () => null,
    setItem: () => {
      throw new DOMException("full", "QuotaExceededError");
    },
  };
  new Cache(full, SERVER, "ann").write(inbox(3), []);
  assert.equal(new Cache(full, SERVER, "ann").read(), null);
});
