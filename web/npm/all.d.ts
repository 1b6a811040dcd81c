/** Defines every element. */
export { InboxClient } from "./client.js";
export * from "./elements.js";
