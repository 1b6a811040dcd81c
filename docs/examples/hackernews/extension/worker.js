/** The background worker, and what the pages share with it. */

export const settings = () => chrome.storage.local.get(["server", "token"]);

export async function countUnread({ server, token }) {
  const answer = await fetch(`${server}/api/notifications/unread/count`, {
    headers: { authorization: `Bearer ${token}` },
  });
  if (answer.status === 401) throw new Error("the server refuses the token.");
  if (!answer.ok) throw new Error(`the server answers ${answer.status}.`);
  return (await answer.json()).count;
}

export async function showCount(count) {
  await chrome.action.setBadgeText({ text: count > 99 ? "99+" : count > 0 ? String(count) : "" });
}

export async function refresh() {
  const known = await settings();
  if (!known.server || !known.token) return showCount(0);
  try {
    await showCount(await countUnread(known));
  } catch {
    await chrome.action.setBadgeText({ text: "?" }); // not reached, or the token has ended
  }
}

if (globalThis.ServiceWorkerGlobalScope) {
  chrome.runtime.onInstalled.addListener(({ reason }) => {
    chrome.alarms.create("count", { periodInMinutes: 1 });
    if (reason === "install") chrome.runtime.openOptionsPage();
  });
  chrome.runtime.onStartup.addListener(refresh);
  chrome.alarms.onAlarm.addListener(refresh);
  chrome.action.setBadgeBackgroundColor({ color: "#b3261e" });
}
