import assert from "node:assert/strict";
import { test } from "node:test";
import { tabsOf } from "../../web/category-tabs.js";
import { moved } from "../../web/keyboard.js";
import { Heights, Layout } from "../../web/list-window.js";
import { localMinute, snoozeChoices } from "../../web/snooze-times.js";

const rows = (number) => Array.from({ length: number }, (_, index) => ({ id: `n${index}` }));

function known(number, height) {
  const heights = new Heights();
  for (const { id } of rows(number)) heights.learn(id, height);
  return heights;
}

test("a height that was measured holds, and the mean stands in for the rest", () => {
  const heights = new Heights();
  assert.equal(heights.learn("a", 40), true);
  assert.equal(heights.learn("b", 60), true);
  assert.equal(heights.learn("b", 60), false);
  assert.deepEqual(["a", "b", "c"].map((id) => heights.of(id)), [40, 60, 50]);
  heights.learn("b", 100);
  assert.equal(heights.of("c"), 70);
});

test("after a change of width nothing is known", () => {
  const heights = known(3, 40);
  heights.forget();
  assert.equal(heights.of("n0"), heights.of("n9"));
  assert.notEqual(heights.of("n0"), 40);
});

test("a row begins where the one before ends", () => {
  const heights = known(3, 50);
  heights.learn("n1", 200);
  const layout = new Layout(rows(3), heights);
  assert.deepEqual([0, 1, 2, 3].map((index) => layout.top(index)), [0, 50, 250, 300]);
  assert.equal(layout.height, 300);
});

for (const [y, row] of [
  [-10, 0],
  [0, 0],
  [49, 0],
  [50, 1],
  [249, 1],
  [250, 2],
  [9999, 2],
]) {
  test(`at ${y} px is row ${row}`, () => {
    const heights = known(3, 50);
    heights.learn("n1", 200);
    assert.equal(new Layout(rows(3), heights).rowAt(y), row);
  });
}

test("what is in view is drawn, and a margin around it", () => {
  const layout = new Layout(rows(10_000), known(10_000, 50));
  assert.deepEqual(layout.around(5000, 500, 200, 60), { start: 96, end: 115 });
});

test("never more than the most are drawn, and what is in view goes first", () => {
  const layout = new Layout(rows(10_000), known(10_000, 10));
  const { start, end } = layout.around(5000, 400, 5000, 60);
  assert.equal(end - start, 60);
  assert.ok(start <= 500 && end >= 541);
});

test("at either end the margin is on one side", () => {
  const layout = new Layout(rows(100), known(100, 50));
  assert.deepEqual(layout.around(0, 200, 100, 60), { start: 0, end: 7 });
  assert.deepEqual(layout.around(4800, 200, 100, 60), { start: 94, end: 100 });
  assert.deepEqual(new Layout([], new Heights()).around(0, 200, 100, 60), { start: 0, end: 0 });
});

test("moving stops at both ends", () => {
  assert.equal(moved("next", -1, 3), 0);
  assert.equal(moved("next", 2, 3), 2);
  assert.equal(moved("previous", 0, 3), 0);
  assert.equal(moved("first", 2, 3), 0);
  assert.equal(moved("last", -1, 3), 2);
});

const offered = (now) => snoozeChoices(now).map(({ name, until }) => `${name} ${localMinute(until)}`);

test("a snooze ends in an hour, this evening, tomorrow morning or on Monday", () => {
  assert.deepEqual(offered(new Date(2026, 10, 24, 10, 30)), [
    "inOneHour 2026-11-24T11:30",
    "thisEvening 2026-11-24T18:00",
    "tomorrow 2026-11-25T09:00",
    "nextWeek 2026-11-30T09:00",
  ]);
});

test("in the night it ends this morning, and nobody is offered the evening", () => {
  assert.deepEqual(offered(new Date(2026, 10, 25, 0, 25)), [
    "inOneHour 2026-11-25T01:25",
    "thisMorning 2026-11-25T09:00",
    "tomorrow 2026-11-26T09:00",
    "nextWeek 2026-11-30T09:00",
  ]);
  const atDawn = snoozeChoices(new Date(2026, 10, 25, 5)).map(({ name }) => name);
  assert.deepEqual(atDawn, ["inOneHour", "thisEvening", "tomorrow", "nextWeek"]);
});

test("in the evening there is no evening any more", () => {
  const names = snoozeChoices(new Date(2026, 10, 24, 17, 30)).map(({ name }) => name);
  assert.deepEqual(names, ["inOneHour", "tomorrow", "nextWeek"]);
});

test("on a Monday next week is the next Monday", () => {
  assert.ok(offered(new Date(2026, 10, 30, 8)).includes("nextWeek 2026-12-07T09:00"));
});

const names = new Map([["orders", "Your orders"], ["news", "News"]]);

test("without the attribute there are no tabs", () => {
  assert.deepEqual(tabsOf(null, "All", names), []);
});

test("the attribute names the tabs, and a category that nobody named is named by its key", () => {
  assert.deepEqual(tabsOf("orders, price_alerts", "All", names), [
    { key: null, label: "All" },
    { key: "orders", label: "Your orders" },
    { key: "price_alerts", label: "Price alerts" },
  ]);
});

for (const attribute of ["*", ""]) {
  test(`${JSON.stringify(attribute)} means all categories`, () => {
    assert.deepEqual(tabsOf(attribute, "All", names).map(({ key }) => key), [null, "orders", "news"]);
  });
}
