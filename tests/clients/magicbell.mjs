// The published client, unmodified, against a running server: each exported function is a check.
// It throws when something is not as it should be. test_magicbell_js.py runs them, with BELL_URL,
// BELL_PROJECT_TOKEN, BELL_USER (an Ann of its own for each), BELL_USER_TOKEN and BELL_BROWSER (a
// push subscription) in the environment.

import assert from "node:assert/strict";
import { createServer } from "node:http";

import { Client as ProjectClient } from "magicbell-js/project-client";
import { Client as UserClient } from "magicbell-js/user-client";

const { BELL_URL, BELL_PROJECT_TOKEN, BELL_USER, BELL_USER_TOKEN, BELL_BROWSER } = process.env;

const settings = (token, baseUrl = `${BELL_URL}/api`) => ({
  baseUrl,
  token,
  retry: { attempts: 1 },
  validation: { responseValidation: true },
});
const project = new ProjectClient(settings(BELL_PROJECT_TOKEN));
const ann = new UserClient(settings(BELL_USER_TOKEN));

/** Sends to Ann and gives the broadcast. */
async function send(fields) {
  const { data } = await project.broadcasts.createBroadcast({
    title: "Your order has shipped",
    recipients: [{ externalId: BELL_USER }],
    ...fields,
  });
  return data;
}

/** Ann's notifications of one topic, and of a status where one is given. */
async function inbox(topic, status) {
  const { data } = await ann.notifications.listNotifications({ topic, status });
  return data.data;
}

/** The statuses that list a topic's one notification. */
async function listedUnder(topic) {
  const found = [];
  for (const status of ["unseen", "unread", "read", "archived"]) {
    if ((await inbox(topic, status)).length === 1) found.push(status);
  }
  return found;
}

async function rejects(call, status) {
  await assert.rejects(call, (error) => {
    assert.equal(error.metadata?.status, status);
    return true;
  });
}

export async function broadcastsAreSentFetchedAndListed() {
  const sent = await send({
    content: "On Friday.",
    category: "orders",
    topic: "order/1",
    actionUrl: "https://shop.example/orders/1",
    customAttributes: { order: { id: 1 }, tags: ["a", null] },
    overrides: { channels: { email: { title: "Shipped" }, inApp: { content: "Soon" } } },
    recipients: [{ externalId: BELL_USER, firstName: "Ann" }, { email: "bob@example.com" }],
  });
  assert.match(sent.id, /^brd_/);
  assert.equal(sent.status.status, "processed");
  assert.deepEqual(sent.status.summary, { failures: 0, total: 2 });
  const { data: fetched, metadata } = await project.broadcasts.fetchBroadcast(sent.id);
  assert.equal(metadata.status, 200);
  assert.deepEqual(fetched, sent);
  assert.deepEqual(fetched.customAttributes, { order: { id: 1 }, tags: ["a", null] });
  const { data: page } = await project.broadcasts.listBroadcasts({ limit: 1 });
  assert.deepEqual(page.data[0].id, sent.id);
}

export async function listsAreWalkedByTheirLinks() {
  const sent = [];
  for (let number = 0; number < 5; number += 1) sent.push((await send({ topic: "walk" })).id);
  const seen = [];
  let startingAfter;
  for (;;) {
    const { data } = await project.broadcasts.listBroadcasts({ limit: 2, startingAfter });
    assert.ok(data.data.length <= 2);
    seen.push(...data.data.map((one) => one.id));
    if (data.links.next === null) break;
    startingAfter = new URL(data.links.next).searchParams.get("starting_after");
  }
  assert.deepEqual(seen.slice(0, 5), [...sent].reverse());
  const { data: back } = await project.broadcasts.listBroadcasts({
    limit: 2,
    endingBefore: sent[0],
  });
  assert.deepEqual(back.data.map((one) => one.id), [sent[2], sent[1]]);
}

export async function aNotificationIsFetchedAsItIsListed() {
  await send({ topic: "one", content: "On Friday.", actionUrl: "/orders/1" });
  const [row] = await inbox("one");
  const { data } = await ann.notifications.fetchNotification(row.id);
  assert.deepEqual(data, row);
  assert.equal(row.title, "Your order has shipped");
  assert.equal(row.actionUrl, "/orders/1");
  assert.equal(row.readAt, null);
  assert.ok(!Number.isNaN(Date.parse(row.createdAt)));
}

export async function marksMoveANotificationBetweenTheFilters() {
  await send({ topic: "marks" });
  const [{ id }] = await inbox("marks");
  assert.deepEqual(await listedUnder("marks"), ["unseen", "unread"]);
  await ann.notifications.markNotificationRead(id);
  assert.deepEqual(await listedUnder("marks"), ["read"]);
  await ann.notifications.markNotificationUnread(id);
  assert.deepEqual(await listedUnder("marks"), ["unread"]);
  await ann.notifications.archiveNotification(id);
  assert.deepEqual(await listedUnder("marks"), ["archived"]);
  const { metadata } = await ann.notifications.unarchiveNotification(id);
  assert.equal(metadata.status, 204);
  assert.deepEqual(await listedUnder("marks"), ["unread"]);
}

export async function seenIsMarkedAsTheBellDoes() {
  await send({ topic: "seen" });
  const [{ id }] = await inbox("seen");
  const response = await fetch(`${BELL_URL}/api/notifications/${id}/seen`, {
    method: "POST",
    headers: { authorization: `Bearer ${BELL_USER_TOKEN}` },
  });
  assert.equal(response.status, 204);
  assert.deepEqual(await listedUnder("seen"), ["unread"]);
}

export async function allOfACategoryAreMarked() {
  await send({ topic: "all-1", category: "orders" });
  await send({ topic: "all-2", category: "news" });
  await ann.notifications.markAllNotificationsRead({ category: "orders" });
  assert.deepEqual(await listedUnder("all-1"), ["read"]);
  assert.deepEqual(await listedUnder("all-2"), ["unseen", "unread"]);
  await ann.notifications.archiveAllNotifications({ category: "news", topic: "all-2" });
  assert.deepEqual(await listedUnder("all-2"), ["archived"]);
  await ann.notifications.archiveAllNotifications();
  assert.deepEqual(await listedUnder("all-1"), ["archived"]);
}

export async function theUnreadAreCounted() {
  const count = async (params) => {
    const { data } = await ann.notifications.fetchUnreadNotificationsCount(params);
    return data.count;
  };
  const before = await count();
  await send({ topic: "count", category: "orders" });
  await send({ topic: "count", category: "news" });
  assert.equal(await count(), before + 2);
  assert.equal(await count({ topic: "count" }), 2);
  assert.equal(await count({ topic: "count", category: "news" }), 1);
  await ann.notifications.markAllNotificationsRead();
  assert.equal(await count(), 0);
}

export async function usersAreSavedListedAndDeleted() {
  const { data: user } = await project.users.saveUser({
    externalId: "carol",
    email: "carol@example.com",
    firstName: "Carol",
    customAttributes: { plan: "pro" },
  });
  const { data: again } = await project.users.saveUser({ ...user, firstName: "Caroline" });
  assert.equal(again.id, user.id);
  assert.equal(again.firstName, "Caroline");
  assert.deepEqual(again.customAttributes, { plan: "pro" });
  const { data: page } = await project.users.listUsers({ limit: 10 });
  assert.ok(page.data.some((one) => one.id === user.id));
  const { metadata } = await project.users.deleteUser(user.id);
  assert.equal(metadata.status, 204);
  await rejects(project.users.deleteUser(user.id), 404);
}

export async function webPushTokensAreSavedListedAndDiscarded() {
  const browser = JSON.parse(BELL_BROWSER);
  const { data: saved } = await ann.channels.saveWebPushToken(browser);
  assert.equal(saved.endpoint, browser.endpoint);
  const { data: page } = await ann.channels.listWebPushTokens({ limit: 5 });
  const [listed] = page.data;
  const { data: fetched } = await ann.channels.fetchWebPushToken(listed.id);
  assert.deepEqual(fetched, listed);
  assert.deepEqual(fetched.keys, browser.keys);
  const { data: user } = await project.users.saveUser({ externalId: BELL_USER });
  const { data: ours } = await project.channels.listUserWebPushTokens(user.id);
  assert.deepEqual(ours.data, [listed]);
  const { data: one } = await project.channels.fetchUserWebPushToken(user.id, listed.id);
  assert.deepEqual(one, listed);
  const { data: discarded } = await ann.channels.deleteWebPushToken(listed.id);
  assert.equal(discarded.id, listed.id);
  assert.ok(!Number.isNaN(Date.parse(discarded.discardedAt)));
  await rejects(project.channels.deleteUserWebPushToken(user.id, listed.id), 404);
}

/** A body as JSON has it: without what is undefined. */
const plain = (value) => JSON.parse(JSON.stringify(value));

/** Saves, lists, fetches and discards one of Ann's tokens; `kind` is its word in the client. */
async function tokenComesAndGoes(kind, body) {
  const { data: saved, metadata } = await ann.channels[`save${kind}Token`](body);
  assert.equal(metadata.status, 200);
  assert.deepEqual(plain(saved), body);
  const { data: page } = await ann.channels[`list${kind}Tokens`]({ limit: 5 });
  const [listed] = page.data;
  assert.deepEqual(plain(listed), { ...plain(listed), ...body });
  const { data: fetched } = await ann.channels[`fetch${kind}Token`](listed.id);
  assert.deepEqual(fetched, listed);
  const { data: user } = await project.users.saveUser({ externalId: BELL_USER });
  const { data: ours } = await project.channels[`listUser${kind}Tokens`](user.id);
  assert.deepEqual(ours.data, [listed]);
  const { data: one } = await project.channels[`fetchUser${kind}Token`](user.id, listed.id);
  assert.deepEqual(one, listed);
  const { data: gone } = await project.channels[`deleteUser${kind}Token`](user.id, listed.id);
  assert.equal(gone.id, listed.id);
  await rejects(ann.channels[`delete${kind}Token`](listed.id), 404);
}

export async function slackWebhooksComeAndGo() {
  const url = "https://hooks.slack.com/services/T0000/B0000/XXXXXXXX";
  await tokenComesAndGoes("Slack", { webhook: { url } });
}

export async function slackChannelsComeAndGo() {
  const oauth = { channelId: "C024BE7LH", installationId: "T024BE7LD", scope: "chat:write" };
  await tokenComesAndGoes("Slack", { oauth });
}

export async function phonesWithExpoComeAndGo() {
  await tokenComesAndGoes("Expo", { deviceToken: "ExponentPushToken[aaaaaaaaaaaaaaaaaaaaaa]" });
}

export async function phonesWithFcmComeAndGo() {
  await tokenComesAndGoes("Fcm", { deviceToken: `d:${"Aa0_-".repeat(28)}` });
}

export async function phonesWithApnsComeAndGo() {
  await tokenComesAndGoes("Apns", { deviceToken: "0a1b2c3d".repeat(8) });
}

export async function teamsWebhooksComeAndGo() {
  const url = "https://prod-01.westeurope.logic.azure.com/workflows/abc/triggers/manual/paths/invoke";
  await tokenComesAndGoes("Teams", { webhook: { url } });
}

export async function anInstallationIsStartedAndFinished() {
  const browser = JSON.parse(BELL_BROWSER);
  const { data, metadata } = await ann.integrations.startWebPushInstallation();
  assert.equal(metadata.status, 201);
  assert.match(data.publicKey, /^[A-Za-z0-9_-]{87}$/);
  const inPopup = new UserClient(settings(data.authToken));
  const { data: saved } = await inPopup.integrations.saveWebPushInstallation(browser);
  assert.deepEqual(saved, browser);
  const { data: page } = await ann.channels.listWebPushTokens();
  assert.deepEqual(page.data.map((one) => one.endpoint), [browser.endpoint]);
}

export async function preferencesAreReadChangedAndReadAgain() {
  const enabled = async () => {
    const { data } = await ann.channels.fetchUserPreferences();
    const orders = data.categories.find((one) => one.key === "orders");
    assert.equal(orders.label, "Orders");
    return orders.channels.find((one) => one.name === "web_push").enabled;
  };
  assert.equal(await enabled(), true);
  const { data } = await ann.channels.fetchUserPreferences();
  for (const category of data.categories) {
    for (const channel of category.channels) {
      if (category.key === "orders" && channel.name === "web_push") channel.enabled = false;
    }
  }
  const { metadata } = await ann.channels.saveUserPreferences(data);
  assert.equal(metadata.status, 204);
  assert.equal(await enabled(), false);
}

export async function refusalsAreErrorsWithTheirStatus() {
  const stranger = new UserClient(settings("no.such.token"));
  await rejects(stranger.notifications.listNotifications(), 401);
  await rejects(ann.notifications.fetchNotification("ntf_0"), 404);
  await rejects(project.broadcasts.createBroadcast({ title: "x", recipients: [{}] }), 422);
}

export async function theClientDoesCheckWhatItIsAnswered() {
  const liar = createServer((_, response) => {
    response.setHeader("content-type", "application/json");
    response.end('{"data": [{"id": 7}], "links": {}}');
  });
  await new Promise((resolve) => liar.listen(0, "127.0.0.1", resolve));
  const client = new UserClient(settings("x", `http://127.0.0.1:${liar.address().port}`));
  await assert.rejects(client.notifications.listNotifications(), /id|string/i);
  liar.close();
}

export async function eventsAreListedAndFetched() {
  const sent = await send({ category: "orders" });
  const { data: page, metadata } = await project.events.listEvents({ limit: 100 });
  assert.equal(metadata.status, 200);
  const ours = page.data.filter((event) => event.context.broadcast_id === sent.id);
  assert.deepEqual(ours.map((event) => event.type).reverse(), [
    "broadcast.accepted",
    "notification.created",
  ]);
  const { data: fetched } = await project.events.fetchEvent(ours[0].id);
  assert.deepEqual(fetched, ours[0]);
  const { data: next } = await project.events.listEvents({ limit: 1, startingAfter: ours[0].id });
  assert.deepEqual(next.data, [ours[1]]);
  await rejects(project.events.fetchEvent("evt_0"), 404);
}
