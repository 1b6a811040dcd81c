import assert from "node:assert/strict";
import { test } from "node:test";
import { arrivals, emptyInbox, madeElsewhere, newestSeq, reduce, view } from "../../web/inbox-state.js";
import { INBOX } from "../../web/lists.js";

const AT = "2026-11-24T12:00:00Z";

function row(number, fields = {}) {
  return {
    id: `ntf_${number}`,
    place: `ntf_${number}`,
    category: null,
    title: `Order ${number}`,
    status: "unseen",
    seq: number,
    created_at: AT,
    updated_at: AT,
    seen_at: null,
    read_at: null,
    archived_at: null,
    snoozed_until: null,
    group: null,
    ...fields,
  };
}

function changes(seq, data, unread = 0, unseen = 0) {
  return { data, seq, has_more: false, reset: false, unread_count: unread, unseen_count: unseen };
}

function page(rows, next = null) {
  return { data: rows, links: { first: "x", next, prev: null } };
}

/** The inbox of Ann: rows 3, 2 and 1 loaded, older ones to come when `next` is set. */
function loaded({ next = null, unread = 3, unseen = 3, seq = 3 } = {}) {
  const counted = reduce(emptyInbox, { type: "counted", changes: changes(seq, [], unread, unseen) });
  return reduce(counted, { type: "loaded", page: page([row(3), row(2), row(1)], next) });
}

function act(mark, id, fields = {}) {
  return { key: `${mark} ${id}`, mark, id, upTo: 3, at: AT, ...fields };
}

function acted(state, ...acts) {
  return acts.reduce((before, one) => reduce(before, { type: "acted", act: one }), state);
}

function ids(state) {
  return view(state).items.map(({ id }) => id);
}

function statusOf(state, id) {
  return view(state).items.find((item) => item.id === id)?.status;
}

test("the newest notification stands first", () => {
  const state = reduce(loaded(), { type: "changed", changes: changes(4, [row(4)], 4, 4) });
  assert.deepEqual(ids(state), ["ntf_4", "ntf_3", "ntf_2", "ntf_1"]);
});

test("a row never goes back to an older change", () => {
  const newer = reduce(loaded(), {
    type: "changed",
    changes: changes(9, [row(2, { seq: 9, status: "read" })], 2, 2),
  });
  const state = reduce(newer, { type: "changed", changes: changes(5, [row(2, { seq: 5 })], 3, 3) });
  assert.equal(statusOf(state, "ntf_2"), "read");
  assert.equal(state.seq, 9);
  assert.equal(view(state).unreadCount, 2);
});

test("a change below the loaded range waits for its page", () => {
  const next = "http://bell.test/api/notifications?limit=3&starting_after=ntf_1";
  const state = reduce(loaded({ next, unread: 5 }), {
    type: "changed",
    changes: changes(4, [row(0, { seq: 4 })], 5, 3),
  });
  assert.deepEqual(ids(state), ["ntf_3", "ntf_2", "ntf_1"]);
});

test("the cursor of the next page comes from the link", () => {
  const next = "http://bell.test/api/notifications?limit=3&starting_after=ntf_1";
  assert.equal(loaded({ next }).next, "ntf_1");
  const state = reduce(loaded({ next }), { type: "more-loaded", list: INBOX, page: page([row(0)]) });
  assert.equal(state.next, null);
  assert.deepEqual(ids(state).at(-1), "ntf_0");
});

test("an act shows at once and counts at once", () => {
  const state = acted(loaded(), act("read", "ntf_2"));
  assert.equal(statusOf(state, "ntf_2"), "read");
  assert.deepEqual([view(state).unreadCount, view(state).unseenCount], [2, 2]);
});

test("a refused act is taken back", () => {
  const refused = act("archive", "ntf_2");
  const state = reduce(acted(loaded(), refused), { type: "refused", act: refused });
  assert.deepEqual(view(state), view(loaded()));
});

test("a confirmed act stays without its echo", () => {
  const one = act("read", "ntf_2");
  const state = reduce(acted(loaded(), one), { type: "confirmed", act: one });
  assert.equal(statusOf(state, "ntf_2"), "read");
  assert.equal(view(state).unreadCount, 2);
  assert.deepEqual(state.pending, []);
});

test("an act and its echo do not count twice", () => {
  const one = act("read", "ntf_2");
  const echoed = reduce(acted(loaded(), one), {
    type: "changed",
    changes: changes(4, [row(2, { seq: 4, status: "read", read_at: AT, seen_at: AT })], 2, 2),
  });
  assert.equal(view(echoed).unreadCount, 2);
  assert.equal(view(reduce(echoed, { type: "confirmed", act: one })).unreadCount, 2);
});

test("acts on one row lie on top of each other in order", () => {
  const state = acted(loaded(), act("read", "ntf_1"), act("unread", "ntf_1"));
  assert.equal(statusOf(state, "ntf_1"), "unread");
});

test("marking all read clears also what is not loaded", () => {
  const next = "http://bell.test/api/notifications?limit=3&starting_after=ntf_1";
  const state = acted(loaded({ next, unread: 40, unseen: 12 }), act("read", null));
  assert.deepEqual([view(state).unreadCount, view(state).unseenCount], [0, 0]);
});

test("what arrives after marking all read stays unread", () => {
  const all = act("read", null);
  const state = reduce(acted(loaded(), all), {
    type: "changed",
    changes: changes(4, [row(4)], 4, 4),
  });
  assert.equal(statusOf(state, "ntf_4"), "unseen");
  assert.equal(view(state).unreadCount, 1);
});

test("seen keeps the unread count", () => {
  const state = acted(loaded({ unread: 30, unseen: 20 }), act("seen", null));
  assert.deepEqual([view(state).unreadCount, view(state).unseenCount], [30, 0]);
  assert.equal(statusOf(state, "ntf_3"), "unread");
});

test("an archived notification leaves the list and comes back as it was", () => {
  const away = acted(loaded(), act("read", "ntf_2"), act("archive", "ntf_2"));
  assert.deepEqual(ids(away), ["ntf_3", "ntf_1"]);
  const back = acted(away, act("unarchive", "ntf_2"));
  assert.equal(statusOf(back, "ntf_2"), "read");
});

test("an archived unread notification does not count", () => {
  const state = acted(loaded(), act("archive", "ntf_2"));
  assert.deepEqual([view(state).unreadCount, view(state).unseenCount], [2, 2]);
});

for (const status of ["archived", "snoozed", "grouped", "discarded", "hidden"]) {
  test(`a notification that becomes ${status} elsewhere leaves the list`, () => {
    const gone = row(2, { seq: 4, status });
    const state = reduce(loaded(), { type: "changed", changes: changes(4, [gone], 2, 2) });
    assert.deepEqual(ids(state), ["ntf_3", "ntf_1"]);
  });
}

test("only what is new and unseen rings", () => {
  const news = changes(7, [row(2, { seq: 5 }), row(4, { seq: 6 }), row(5, { status: "unread" })]);
  assert.deepEqual(arrivals(loaded(), news).map(({ id }) => id), ["ntf_4"]);
});

test("an old row that changes below the loaded range does not ring", () => {
  const next = "http://bell.test/api/notifications?limit=3&starting_after=ntf_1";
  assert.deepEqual(arrivals(loaded({ next }), changes(4, [row(0, { seq: 4 })])), []);
});

test("the echo of an own act was not made elsewhere", () => {
  const echo = changes(4, [row(2, { seq: 4, status: "read" })]);
  assert.deepEqual(madeElsewhere(acted(loaded(), act("read", "ntf_2")), echo), []);
  assert.equal(madeElsewhere(loaded(), echo).length, 1);
});

test("a row counts as newest even beyond the cursor", () => {
  assert.equal(newestSeq(loaded({ seq: 2 })), 3);
});

test("loading anew forgets rows that are gone", () => {
  const state = reduce(loaded(), { type: "loaded", page: page([row(3)]) });
  assert.deepEqual(ids(state), ["ntf_3"]);
});
