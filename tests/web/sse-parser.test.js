import assert from "node:assert/strict";
import { test } from "node:test";
import { SseParser } from "../../web/stream.js";

function parsed(...chunks) {
  const parser = new SseParser();
  return chunks.flatMap((chunk) => parser.push(chunk)).map(({ name, data }) => [name, data]);
}

const TEXT = "id: 7\nevent: changes\ndata: {\"seq\":7}\n\n: hb\n\nevent: bye\ndata: {}\n\n";
const EVENTS = [
  ["changes", '{"seq":7}'],
  ["", "hb"],
  ["bye", "{}"],
];

test("events and comments come out in order", () => {
  assert.deepEqual(parsed(TEXT), EVENTS);
});

for (const [name, ending] of [["LF", "\n"], ["CRLF", "\r\n"], ["CR", "\r"]]) {
  test(`lines may end in ${name}, cut anywhere`, () => {
    const text = TEXT.replaceAll("\n", ending);
    for (let cut = 0; cut <= text.length; cut++) {
      assert.deepEqual(parsed(text.slice(0, cut), text.slice(cut)), EVENTS, `cut at ${cut}`);
    }
  });

  test(`lines may end in ${name}, a character at a time`, () => {
    assert.deepEqual(parsed(...TEXT.replaceAll("\n", ending)), EVENTS);
  });
}

test("several data lines are joined by line feeds", () => {
  assert.deepEqual(parsed("data: one\ndata:\ndata: two\n\n"), [["message", "one\n\ntwo"]]);
});

test("one space after the colon is dropped, more are kept", () => {
  assert.deepEqual(parsed("data:  a\ndata:b\n\n"), [["message", " a\nb"]]);
});

test("an event that is not finished does not come out", () => {
  assert.deepEqual(parsed("event: changes\ndata: {}\n"), []);
});

test("unknown fields and fields without a colon do no harm", () => {
  assert.deepEqual(parsed("color: red\nevent\ndata\ndata: a\n\n"), [["message", "\na"]]);
});

test("retry takes digits only", () => {
  const parser = new SseParser();
  parser.push("retry: 1500\n\n");
  assert.equal(parser.retryMs, 1500);
  parser.push("retry: soon\n\n");
  assert.equal(parser.retryMs, 1500);
});
