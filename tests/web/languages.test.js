import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { languageOf, loadLanguage } from "../../web/languages.js";

const FOLDER = new URL("../../web/lang/", import.meta.url);
const NAMES = readdirSync(FOLDER).filter((name) => name.endsWith(".js")).map((name) => name.slice(0, -3));
const COUNTS = [0, 1, 2, 3, 11, 100];

async function language(name) {
  return import(new URL(`${name}.js`, FOLDER));
}

const { texts: english } = await language("en");

/** What a language has at each key: "text", or "function of 2". */
function shape(texts, path = "") {
  return Object.fromEntries(
    Object.entries(texts).flatMap(([key, value]) => {
      if (typeof value === "object") return Object.entries(shape(value, `${path}${key}.`));
      return [[path + key, typeof value === "function" ? `function of ${value.length}` : typeof value]];
    }),
  );
}

/** What a function says, whatever it counts or names. */
function said(key, make) {
  if (key === "received") return make(["Order 1"]);
  return make.length === 2 ? make("Email", "Orders") : make(7);
}

/** Every text of a language as it is read, by its key. */
function spoken({ hosted, ...texts }) {
  const all = Object.entries({ ...texts, ...hosted });
  return Object.fromEntries(
    all.map(([key, value]) => [
      key,
      typeof value === "function" ? said(key, value) : typeof value === "object" ? Object.values(value).join(". ") : value,
    ]),
  );
}

test("there are files for eight languages and more", () => {
  for (const name of ["ar", "de", "en", "es", "fr", "ja", "pt", "zh"]) assert.ok(NAMES.includes(name), name);
});

for (const name of NAMES) {
  test(`${name} has every key and no other, and functions of the same arity`, async () => {
    const { texts } = await language(name);
    assert.deepEqual(shape(texts), shape(english));
  });

  test(`${name} leaves no text empty and puts in what it is given`, async () => {
    const { texts } = await language(name);
    for (const [key, value] of Object.entries(texts)) {
      const text = typeof value === "function" ? said(key, value) : JSON.stringify(value);
      assert.ok(text.trim() && !/undefined|NaN|\[object|:""/.test(text), `${key}: ${text}`);
    }
    for (const key of ["undone", "every", "pausedUntil", "snoozedUntil"]) assert.match(texts[key]("09:00"), /09:00/);
    for (const key of ["choiceOf", "digestOf"]) assert.match(texts[key]("SMS", "Orders"), /^(?=.*SMS).*Orders/);
    assert.match(texts.received(["Order 1"]), /Order 1/);
  });

  test(`${name} is fetched for its own name`, async () => {
    assert.equal(languageOf(name), name === "en" ? "" : name);
    const { texts = english } = await loadLanguage(name);
    assert.equal(texts, (await language(name)).texts);
  });
}

test("a region falls back to its language, and an unknown language to English", async () => {
  assert.equal(languageOf("pt-BR"), "pt");
  assert.equal(languageOf("zh-Hant-TW"), "zh");
  assert.equal(languageOf("DE_at"), "de");
  for (const locale of ["en-GB", "sv", "", "../de", "constructor"]) {
    assert.equal(languageOf(locale), "");
    assert.deepEqual(await loadLanguage(locale), {});
  }
});

test("only Arabic is written from the right", async () => {
  for (const name of NAMES) assert.equal((await language(name)).direction, name === "ar" ? "rtl" : undefined);
});

test("English counts in two forms", () => {
  const others = ["0 others", "1 other", "2 others", "3 others", "11 others", "100 others"];
  assert.deepEqual(COUNTS.map(english.andOthers), others.map((text) => `and ${text}`));
  assert.equal(english.received(["a"]), "New notification: a");
  assert.equal(english.received(["a", "b"]), "2 new notifications");
});

test("French keeps its marks at their words, and no line ends before one", async () => {
  const { texts } = await language("fr");
  const loose = Object.values(spoken(texts)).filter((text) => / [:;!?»](?!\w)|« /.test(text));
  assert.deepEqual(loose, []);
});

test("nobody is called by two names", async () => {
  const other = { de: "Sie|Ihr|Ihre|Ihnen", fr: "tu|ton|tes", es: "usted|su", pt: "tu|teu|tua" };
  for (const [name, words] of Object.entries(other)) {
    const pattern = new RegExp(`(?<!\\p{L})(?:${words})(?!\\p{L})`, "u");
    const { texts } = await language(name);
    for (const [key, text] of Object.entries(spoken(texts))) assert.doesNotMatch(text, pattern, `${name} ${key}`);
  }
});

test("Arabic counts in six forms", async () => {
  const { texts } = await language("ar");
  const three = new Intl.NumberFormat("ar").format(3);
  const eleven = new Intl.NumberFormat("ar").format(11);
  const hundred = new Intl.NumberFormat("ar").format(100);
  assert.deepEqual(COUNTS.map(texts.newOnes), [
    "لا إشعارات جديدة",
    "إشعار جديد",
    "إشعاران جديدان",
    `${three} إشعارات جديدة`,
    `${eleven} إشعارًا جديدًا`,
    `${hundred} إشعار جديد`,
  ]);
  for (const key of ["andOthers", "bell"]) assert.equal(new Set(COUNTS.map(texts[key])).size, COUNTS.length);
});
