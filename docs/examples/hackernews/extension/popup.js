import { settings, showCount } from "./worker.js";

const { server, token } = await settings();
if (server && token) {
  const inbox = document.createElement("notify-inbox");
  inbox.setAttribute("server-url", server);
  inbox.setAttribute("token", token);
  const count = () => showCount(inbox.unreadCount);
  for (const name of ["received", "read", "unread", "archived", "synced"]) {
    inbox.addEventListener(`notify-${name}`, count);
  }
  inbox.addEventListener("notify-clicked", (event) => {
    const { href } = event.detail;
    if (!href) return;
    event.preventDefault(); // a popup has no page to leave
    chrome.tabs.create({ url: href });
  });
  inbox.addEventListener("notify-token-expired", () => {
    document.querySelector("#ended").hidden = false;
  });
  document.body.append(inbox);
} else {
  document.querySelector("#setup").hidden = false;
}
