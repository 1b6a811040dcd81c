/** The looks of the toasts; see `styles.js`. */
import { markedTextStyles } from "./marked-text-styles.js";

export const toastsStyles = `
${markedTextStyles}
:host { display: contents; }
.toasts {
  position: fixed; inset-block: auto 0; inset-inline: auto 0; margin: 0; padding: 1em; border: 0;
  inline-size: min(var(--notify-bell-width, 380px) + 2em, 100vw); max-block-size: 100dvh; overflow: hidden auto; background: none; color: var(--_text); pointer-events: none;
  font: 400 var(--notify-bell-font-size, 14px)/1.45 var(--notify-bell-font, system-ui, sans-serif); text-align: start;
}
:host([position^="top"]) .toasts { inset-block: 0 auto; }
:host([position$="start"]) .toasts { inset-inline: 0 auto; }
:host([position$="center"]) .toasts { inset-inline: 0; margin-inline: auto; }
.toast-list { display: flex; flex-direction: column; gap: .7em; margin: 0; padding: 0; list-style: none; }
.toast {
  position: relative; display: grid; grid-template-columns: 1fr auto; gap: .1em .9em; padding-block: .85em .95em; padding-inline: 1.1em 2.9em;
  border: 1px solid var(--_border); border-radius: min(var(--_radius), 14px); background: var(--_surface); box-shadow: var(--notify-bell-shadow, 0 0 1px rgb(0 0 0 / .12), 0 4px 14px -3px rgb(0 0 0 / .2));
  pointer-events: auto; touch-action: pan-y; animation: arrive .22s cubic-bezier(.2, .9, .3, 1);
}
:host([theme~="contrast"]) .toast { border-width: 2px; }
.title { grid-area: 1 / 1; font-weight: 600; overflow-wrap: anywhere; }
a.title:hover { text-decoration: underline; }
.title::after { content: ""; position: absolute; inset: 0; border-radius: inherit; }
.title:focus-visible { outline: none; }
.title:focus-visible::after { outline: 2px solid var(--_accent); outline-offset: 2px; border-radius: min(var(--_radius), 14px); }
.content {
  grid-area: 2 / 1 / auto / 3; margin: 0; display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: var(--notify-bell-lines, 3);
  overflow: hidden; overflow-wrap: anywhere; white-space: pre-line; color: var(--_muted);
}
.time { grid-area: 1 / 2; margin-block-start: .1em; font-size: .86em; color: var(--_muted); white-space: nowrap; }
.dismiss { position: absolute; inset-block-start: .45em; inset-inline-end: .5em; padding: .45em; border-radius: 8px; color: var(--_muted); }
.dismiss:hover { background: var(--_hover); color: var(--_text); }
@keyframes arrive { from { opacity: 0; translate: 0 .8em } }
@media (max-width: 479px) {
  .toasts { inline-size: 100%; padding: .7em; padding-block-end: max(.7em, env(safe-area-inset-bottom)); }
  .dismiss { padding: .6em; inset-block-start: .3em; inset-inline-end: .3em; }
}
`;
