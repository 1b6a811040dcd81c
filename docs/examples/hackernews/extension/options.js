import { countUnread, refresh, settings } from "./worker.js";

const form = document.querySelector("form");
const status = document.querySelector("[role=status]");
const fields = { server: document.querySelector("#server"), token: document.querySelector("#token") };

const saved = await settings();
for (const [name, field] of Object.entries(fields)) field.value = saved[name] ?? "";

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const server = fields.server.value.trim().replace(/\/+$/, "");
  const token = fields.token.value.trim();
  try {
    const count = await countUnread({ server, token });
    await chrome.storage.local.set({ server, token });
    await refresh();
    status.textContent = `Saved. Unread: ${count}.`;
  } catch (error) {
    status.textContent = `Not saved: ${error.message}`;
  }
});
