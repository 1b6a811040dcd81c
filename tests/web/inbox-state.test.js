import assert from "node:assert/strict";
import { test } from "node:test";
import { arrivals, emptyInbox, listed, madeElsewhere, newestPlace, reduce, view } from "../../web/inbox-state.js";
import { INBOX, keyOf, rangeOf } from "../../web/lists.js";

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
  return { key: `${mark} ${id}`, mark, id, upTo: "ntf_3", at: AT, ...fields };
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

test("what another tab did was made elsewhere, though it is shown already", () => {
  const echo = changes(4, [row(2, { seq: 4, status: "read" })]);
  const shown = acted(loaded(), act("read", "ntf_2", { isHeard: true }));
  assert.equal(statusOf(shown, "ntf_2"), "read");
  assert.equal(madeElsewhere(shown, echo).length, 1);
});

test("the newest place is that of the row on top", () => {
  assert.equal(newestPlace(loaded()), "ntf_3");
  assert.equal(newestPlace(emptyInbox), "");
});

test("what was marked before all were is still meant", () => {
  const state = changedTo(loaded(), 9, [row(2, { seq: 9, status: "unread" })]);
  assert.equal(statusOf(acted(state, act("read", null)), "ntf_2"), "read");
});

test("what arrives after all were marked is not meant", () => {
  const state = changedTo(loaded(), 4, [row(4, { seq: 4 })]);
  assert.equal(statusOf(acted(state, act("read", null)), "ntf_4"), "unseen");
});

test("where nothing is known, all means all", () => {
  assert.equal(statusOf(acted(loaded(), act("read", null, { upTo: "" })), "ntf_3"), "read");
});

test("loading anew forgets rows that are gone", () => {
  const state = reduce(loaded(), { type: "loaded", page: page([row(3)]) });
  assert.deepEqual(ids(state), ["ntf_3"]);
});

const NEXT = "http://bell.test/api/notifications?limit=3&starting_after=plc_1";

function filter(status, category = null) {
  return { status, category };
}

function idsIn(state, which) {
  return listed(state, which).map(({ id }) => id);
}

function opened(state, which) {
  return reduce(state, { type: "list-opened", filter: which });
}

function changedTo(state, seq, data) {
  return reduce(state, { type: "changed", changes: changes(seq, data, 1, 1) });
}

test("what comes back from a snooze stands at the top, and rings", () => {
  const away = changedTo(loaded(), 4, [row(1, { seq: 4, status: "snoozed" })]);
  const back = row(1, { seq: 5, place: "ntf_5" });
  assert.deepEqual(arrivals(away, changes(5, [back])).map(({ id }) => id), ["ntf_1"]);
  assert.deepEqual(madeElsewhere(away, changes(5, [back])), []);
  assert.deepEqual(ids(changedTo(away, 5, [back])), ["ntf_1", "ntf_3", "ntf_2"]);
});

test("what another device brings back to its old place does not ring", () => {
  const back = row(2.5, { seq: 5, updated_at: "2026-11-24T13:00:00Z" });
  assert.deepEqual(arrivals(loaded(), changes(5, [back])), []);
  assert.deepEqual(ids(changedTo(loaded(), 5, [back])), ["ntf_3", "ntf_2.5", "ntf_2", "ntf_1"]);
});

test("one that goes under a newer one leaves, and nobody did it", () => {
  const change = changes(5, [row(3, { seq: 4, status: "grouped" }), row(4, { seq: 5, group: { count: 2 } })]);
  assert.deepEqual(arrivals(loaded(), change).map(({ id }) => id), ["ntf_4"]);
  assert.deepEqual(madeElsewhere(loaded(), change), []);
  assert.deepEqual(ids(changedTo(loaded(), 5, change.data)), ["ntf_4", "ntf_2", "ntf_1"]);
});

test("a snooze shows at once: it leaves the inbox and does not count", () => {
  const until = "2026-11-25T08:00:00Z";
  const state = acted(loaded(), act("snooze", "ntf_2", { until }));
  assert.deepEqual(ids(state), ["ntf_3", "ntf_1"]);
  assert.equal(view(state).unreadCount, 2);
  const all = opened(state, filter("snoozed"));
  const shown = reduce(all, { type: "more-loaded", list: keyOf(filter("snoozed")), page: page([]) });
  assert.deepEqual(listed(shown, filter("snoozed")).map((one) => one.snoozed_until), [until]);
});

test("a snooze that is ended puts it back as it was", () => {
  const state = acted(loaded(), act("read", "ntf_2"), act("snooze", "ntf_2"), act("unsnooze", "ntf_2"));
  assert.deepEqual(ids(state), ["ntf_3", "ntf_2", "ntf_1"]);
  assert.equal(statusOf(state, "ntf_2"), "read");
});

test("a group that is opened up is a group no more", () => {
  const grouped = changedTo(loaded(), 4, [row(3, { seq: 4, group: { count: 3 } })]);
  assert.equal(view(acted(grouped, act("ungroup", "ntf_3"))).items[0].group, null);
});

test("a click reads", () => {
  assert.equal(statusOf(acted(loaded(), act("clicked", "ntf_2")), "ntf_2"), "read");
});

test("marking a category read leaves the others", () => {
  const state = changedTo(loaded(), 4, [row(2, { seq: 4, category: "orders" })]);
  const shown = acted(state, act("read", null, { upTo: "ntf_4", category: "orders" }));
  assert.equal(statusOf(shown, "ntf_2"), "read");
  assert.equal(statusOf(shown, "ntf_3"), "unseen");
});

test("a list begins with what the inbox has, and goes on from there", () => {
  const state = opened(loaded({ next: NEXT }), filter("unread"));
  assert.deepEqual(idsIn(state, filter("unread")), ["ntf_3", "ntf_2", "ntf_1"]);
  assert.equal(rangeOf(state, keyOf(filter("unread"))).next, "plc_1");
  const more = { type: "more-loaded", list: keyOf(filter("unread")), page: page([row(0)]) };
  const longer = reduce(state, more);
  assert.deepEqual(idsIn(longer, filter("unread")).at(-1), "ntf_0");
  assert.equal(rangeOf(longer, keyOf(filter("unread"))).next, null);
  assert.deepEqual(ids(longer).at(-1), "ntf_1");
});

test("what is read leaves the unread list at once", () => {
  const state = acted(opened(loaded(), filter("unread")), act("read", "ntf_2"));
  assert.deepEqual(idsIn(state, filter("unread")), ["ntf_3", "ntf_1"]);
});

test("a category's list holds its own only", () => {
  const orders = filter("all", "orders");
  const state = opened(changedTo(loaded(), 4, [row(4, { category: "orders" })]), orders);
  assert.deepEqual(idsIn(state, orders), ["ntf_4"]);
  assert.deepEqual(idsIn(changedTo(state, 5, [row(5, { category: "orders" })]), orders), ["ntf_5", "ntf_4"]);
});

test("the archive is loaded on its own, and takes what is archived here", () => {
  const archive = filter("archived");
  const asked = opened(loaded(), archive);
  assert.equal(rangeOf(asked, keyOf(archive)).phase, "loading");
  const old = row(0, { status: "archived" });
  const state = reduce(asked, { type: "more-loaded", list: keyOf(archive), page: page([old]) });
  assert.deepEqual(idsIn(acted(state, act("archive", "ntf_2")), archive), ["ntf_2", "ntf_0"]);
  assert.deepEqual(ids(state), ["ntf_3", "ntf_2", "ntf_1"]);
});

test("a list that cannot be loaded says so", () => {
  const key = keyOf(filter("archived"));
  const state = reduce(opened(loaded(), filter("archived")), { type: "more-failed", list: key });
  assert.deepEqual([rangeOf(state, key).phase, rangeOf(state, key).more], ["failed", "failed"]);
});

test("when the inbox is loaded anew, so are the lists", () => {
  const unread = keyOf(filter("unread"));
  const archived = keyOf(filter("archived"));
  const both = opened(opened(loaded(), filter("unread")), filter("archived"));
  const full = reduce(both, { type: "more-loaded", list: archived, page: page([]) });
  const state = reduce(full, { type: "loaded", page: page([row(9)], NEXT) });
  assert.equal(rangeOf(state, unread).next, "plc_1");
  assert.equal(rangeOf(state, archived).phase, "loading");
});

test("what is cached stays in sight while loading goes on and fails", () => {
  const inbox = { rows: [row(1)], floor: "", hasMore: false, unreadCount: 1, unseenCount: 1 };
  const cached = reduce(emptyInbox, { type: "cached", inbox });
  const failed = reduce(reduce(cached, { type: "loading" }), { type: "failed" });
  assert.equal(failed.phase, "cached");
  assert.deepEqual(ids(failed), ["ntf_1"]);
});

test("an empty inbox that cannot be loaded has failed", () => {
  assert.equal(reduce(emptyInbox, { type: "failed" }).phase, "failed");
});
