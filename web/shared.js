/**
 * One client a page, server and user, however many elements show it.
 *
 * @import { ClientOptions } from "./client.js"
 */
import { InboxClient } from "./client.js";
import { identity } from "./tokens.js";

/** Those that nobody holds stay, stopped: who comes back finds what was there. @type {Map<string, InboxClient>} */
const clients = new Map();

/**
 * The client of this server and user, running. Give it back with `release()`, once.
 *
 * @param {ClientOptions} options
 * @returns {InboxClient}
 */
export function clientFor(options) {
  const name = `${options.serverUrl} ${identity(options.token)}`;
  let client = clients.get(name);
  if (!client) clients.set(name, (client = new InboxClient(options)));
  client.retain(options);
  return client;
}
