import assert from "node:assert/strict";
import { test } from "node:test";
import { backoff, Pause } from "../../web/pause.js";
import { place } from "../../web/placement.js";
import { relativeTime } from "../../web/relative-time.js";
import { safeLink } from "../../web/safe-link.js";
import { claims, identity, Tokens } from "../../web/tokens.js";

const SECOND = 1000;
const NOW = Date.parse("2026-11-24T12:00:00Z");
const never = new AbortController().signal;

function token(payload) {
  return `x.${Buffer.from(JSON.stringify(payload)).toString("base64url")}.y`;
}

test("the wait is random between one second and a limit that doubles to thirty", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 50].map((n) => backoff(n, () => 1)), [2, 4, 8, 16, 30, 30].map((s) => s * SECOND));
  assert.deepEqual([0, 50].map((n) => backoff(n, () => 0)), [SECOND, SECOND]);
});

test("a pause ends when woken", async () => {
  const pause = new Pause();
  const waiting = pause.wait(Infinity, never);
  pause.wake();
  await waiting;
});

test("a pause ends when its signal aborts, and does not begin after", async () => {
  const stop = new AbortController();
  const waiting = new Pause().wait(Infinity, stop.signal);
  stop.abort();
  await waiting;
  await new Pause().wait(Infinity, stop.signal);
});

const PAGE = "https://shop.test/account/";

for (const [url, href] of [
  ["/orders/1", "https://shop.test/orders/1"],
  ["https://other.test/a", "https://other.test/a"],
  ["HTTP://other.test", "http://other.test/"],
  ["  /orders/2 ", "https://shop.test/orders/2"],
]) {
  test(`${JSON.stringify(url)} is a link`, () => {
    assert.equal(safeLink(url, PAGE)?.href, href);
  });
}

for (const url of [
  null,
  "",
  "javascript:alert(1)",
  "JavaScript:alert(1)",
  "java\nscript:alert(1)",
  "\u0001javascript:alert(1)",
  "data:text/html,x",
  "blob:https://shop.test/1",
  "//other.test/a",
  "/\\other.test/a",
  "/\t/other.test/a",
  "\\\\other.test",
  "mailto:ann@shop.test",
  "orders/1",
  "https://",
  "https:other.test",
  "https://shop.test@other.test",
  "https://:pw@other.test",
  "http:\\\\other.test",
  "https://other.test:port",
]) {
  test(`${JSON.stringify(url)} is not a link`, () => {
    assert.equal(safeLink(url, PAGE), null);
  });
}

for (const [seconds, text] of [
  [-90, "now"],
  [0, "now"],
  [59, "now"],
  [60, "1m ago"],
  [3599, "59m ago"],
  [3600, "1h ago"],
  [86_400, "yesterday"],
  [6 * 86_400, "6d ago"],
  [7 * 86_400, "Nov 17"],
  [400 * 86_400, "Oct 20, 2025"],
]) {
  test(`${seconds} seconds ago reads "${text}"`, () => {
    assert.equal(relativeTime(NOW - seconds * SECOND, NOW, "en-US"), text);
  });
}

for (const [locale, text] of [
  ["fr", "il y a 2 min"],
  ["de-AT", "vor 2 Min."],
]) {
  test(`in ${locale}, two minutes ago reads "${text}"`, () => {
    assert.equal(relativeTime(NOW - 120 * SECOND, NOW, locale).replaceAll("\u00a0", " "), text);
  });
}

const viewport = { width: 1000, height: 800 };
const panel = { width: 400, height: 480 };

function anchorAt(left, top) {
  return { left, top, right: left + 40, bottom: top + 40 };
}

test("the panel hangs below the bell, ends aligned", () => {
  const at = place(anchorAt(900, 10), panel, viewport, "bottom-end", false);
  assert.deepEqual(at, { left: 540, top: 58, bottom: null, height: 734 });
});

test("right to left, the ends are the left sides", () => {
  assert.equal(place(anchorAt(100, 10), panel, viewport, "bottom-end", true).left, 100);
  assert.equal(place(anchorAt(900, 10), panel, viewport, "bottom-start", true).left, 540);
});

test("without room below the panel flips above", () => {
  const at = place(anchorAt(900, 740), panel, viewport, "bottom-end", false);
  assert.deepEqual([at.top, at.bottom, at.height], [null, 68, 724]);
});

test("without room above the panel flips below", () => {
  const at = place(anchorAt(900, 10), panel, viewport, "top-end", false);
  assert.deepEqual([at.top, at.bottom], [58, null]);
});

test("the panel never leaves the view", () => {
  assert.equal(place(anchorAt(0, 10), panel, viewport, "bottom-end", false).left, 8);
  assert.equal(place(anchorAt(960, 10), panel, viewport, "bottom-start", false).left, 592);
});

test("a name with umlauts survives the token", () => {
  assert.equal(claims(token({ user_external_id: "Änn" })).user_external_id, "Änn");
});

test("what is no token has no claims", () => {
  for (const text of ["", "abc", "a.b.c", "a.bnVsbA.c"]) assert.deepEqual(claims(text), {});
});

test("two tokens of one user belong together, two users' do not", () => {
  const ann = { api_key: "pk", user_external_id: "ann" };
  assert.equal(identity(token({ ...ann, exp: 1 })), identity(token({ ...ann, exp: 2 })));
  assert.notEqual(identity(token(ann)), identity(token({ ...ann, user_external_id: "bob" })));
  assert.notEqual(identity(token(ann)), identity(token({ ...ann, api_key: "pk2" })));
});

test("all who ask at the same time share one renewal", async () => {
  let asked = 0;
  const tokens = new Tokens("old", async () => `new ${++asked}`);
  assert.deepEqual(await Promise.all([tokens.renew("old"), tokens.renew("old")]), ["new 1", "new 1"]);
  assert.equal(await tokens.renew("old"), "new 1");
});

test("a renewal that failed can be tried again", async () => {
  let asked = 0;
  const tokens = new Tokens("old", async () => {
    if (++asked === 1) throw new Error("offline");
    return "new";
  });
  await assert.rejects(tokens.renew("old"));
  assert.equal(await tokens.renew("old"), "new");
});

test("a token near its end is renewed before it is used", async () => {
  const soon = Math.floor(Date.now() / SECOND) + 10;
  const tokens = new Tokens(token({ exp: soon }), async () => token({ exp: soon + 3600 }));
  assert.equal(claims(await tokens.current()).exp, soon + 3600);
});

test("a clock that is wrong does not make every call a renewal", async () => {
  let asked = 0;
  const tokens = new Tokens(token({ exp: 1 }), async () => token({ exp: 2, asked: ++asked }));
  await tokens.current();
  await tokens.current();
  assert.equal(asked, 1);
});

test("without a renewal the old token is used until the server refuses it", async () => {
  const old = token({ exp: 1 });
  const tokens = new Tokens(old, () => Promise.reject(new Error("none")));
  assert.equal(await tokens.current(), old);
});
