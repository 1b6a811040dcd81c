/**
 * The looks of the bell, as a constructed sheet: a strict `style-src` does not touch it.
 *
 * Sizes are in em of `--notify-bell-font-size`; sides are logical, so that right-to-left works.
 */
const css = `
:host {
  --_accent: var(--notify-bell-accent, light-dark(#4f46e5, #9a97ff));
  --_badge: var(--notify-bell-badge, #d9283b);
  --_badge-text: var(--notify-bell-badge-text, #fff);
  --_surface: var(--notify-bell-surface, light-dark(#fff, #18191d));
  --_hover: var(--notify-bell-hover, light-dark(#f4f5f7, #212328));
  --_text: var(--notify-bell-text, light-dark(#14161a, #f0f1f3));
  --_muted: var(--notify-bell-muted, light-dark(#5c626d, #a3a8b2));
  --_border: var(--notify-bell-border, light-dark(#e4e6ea, #2d3037));
  --_shadow: var(--notify-bell-shadow, 0 0 1px rgb(0 0 0 / .12), 0 4px 10px -2px rgb(0 0 0 / .08),
    0 20px 48px -8px rgb(0 0 0 / .22));
  --_radius: var(--notify-bell-radius, 14px);
  --_size: var(--notify-bell-size, 40px);
  display: inline-block;
  vertical-align: middle;
}
:host([hidden]), [hidden] { display: none !important; }
:host([theme="light"]) { color-scheme: light; }
:host([theme="dark"]) { color-scheme: dark; }
*, ::before, ::after { box-sizing: border-box; }

button, a { all: unset; box-sizing: border-box; cursor: pointer; -webkit-tap-highlight-color: transparent; }
:is(button, a):focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.icon {
  display: block; inline-size: 1.25em; block-size: 1.25em; fill: none; stroke: currentColor;
  stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round;
}
.icon-dot { fill: currentColor; stroke: none; }

.button {
  position: relative; display: grid; place-items: center; inline-size: var(--_size);
  block-size: var(--_size); border-radius: 50%; color: inherit; transition: background-color .15s;
}
.button:hover, .button[aria-expanded="true"] { background: color-mix(in srgb, currentColor 9%, transparent); }
.button:active { background: color-mix(in srgb, currentColor 15%, transparent); }
.button .icon { inline-size: calc(var(--_size) * .58); block-size: calc(var(--_size) * .58); }
.badge {
  position: absolute; inset-block-start: calc(var(--_size) * .04); inset-inline-start: 52%;
  min-inline-size: 18px; padding: 0 5px; border-radius: 9px; background: var(--_badge);
  color: var(--_badge-text); font: 700 11px/18px system-ui, sans-serif; text-align: center;
  font-variant-numeric: tabular-nums; letter-spacing: 0; white-space: nowrap; pointer-events: none;
  box-shadow: 0 0 0 2px var(--notify-bell-badge-ring, Canvas);
}
.status { position: absolute; inline-size: 1px; block-size: 1px; overflow: clip; clip-path: inset(50%); white-space: nowrap; }

.panel {
  position: fixed; inset: var(--_top, auto) auto var(--_bottom, auto) var(--_left, 8px);
  inline-size: min(var(--notify-bell-width, 410px), 100vw - 16px); block-size: auto;
  max-block-size: min(var(--notify-bell-height, 600px), var(--_room));
  min-block-size: min(22em, var(--_room));
  margin: 0; padding: 0; overflow: clip; border: 1px solid var(--_border);
  border-radius: var(--_radius); background: var(--_surface); color: var(--_text);
  box-shadow: var(--_shadow); outline: none; cursor: default;
  font: 400 var(--notify-bell-font-size, 14px)/1.45 var(--notify-bell-font, system-ui, sans-serif);
  letter-spacing: normal; text-align: start; text-transform: none; white-space: normal;
  opacity: 0; transform: translateY(calc(-6px * var(--_side, 1))) scale(.985);
  transition: opacity .14s, transform .18s cubic-bezier(.2, .9, .3, 1), display .18s allow-discrete,
    overlay .18s allow-discrete;
}
.panel:popover-open { display: flex; flex-direction: column; opacity: 1; transform: none; }
@starting-style {
  .panel:popover-open { opacity: 0; transform: translateY(calc(-6px * var(--_side, 1))) scale(.985); }
}

.header {
  display: flex; align-items: center; gap: .25em; min-block-size: 3.6em;
  padding-inline: 1.3em .7em; border-block-end: 1px solid var(--_border);
}
.heading { flex: 1; margin: 0; font-size: 1.15em; font-weight: 650; letter-spacing: -.01em; }
.mark-all, .close, .toggle, .archive, .retry, .undo { color: var(--_muted); border-radius: 8px; transition: background-color .12s, color .12s; }
.mark-all { display: flex; align-items: center; gap: .45em; padding: .45em .65em; font-size: .93em; font-weight: 500; }
.close { padding: .45em; }
.toggle, .archive { padding: .27em; border-radius: 6px; }
.close { display: none; }
:is(.mark-all, .close, .toggle, .archive, .retry):hover { background: color-mix(in srgb, var(--_text) 8%, transparent); color: var(--_text); }

.hint:not(:empty), .more:not(:empty) { padding: .55em 1.4em; font-size: .93em; text-align: center; color: var(--_muted); }
.hint:not(:empty) { background: var(--_hover); border-block-end: 1px solid var(--_border); animation: appear .3s 1.5s backwards; }
.body { flex: 1; min-block-size: 0; overflow-y: auto; overscroll-behavior: contain; scrollbar-width: thin; scrollbar-color: var(--_border) transparent; }
.list { margin: 0; padding: .45em; list-style: none; }
.item {
  position: relative; display: grid; grid-template-columns: .55em 1fr auto; column-gap: .85em;
  padding: .8em .85em .85em; border-radius: calc(var(--_radius) - 4px); transition: background-color .12s;
}
.item:hover, .item:focus-within { background: var(--_hover); }
.item + .item::before { content: ""; position: absolute; inset: 0 .85em auto 2.25em; border-block-start: 1px solid var(--_border); transition: opacity .12s; }
:is(.item:hover, .item:focus-within)::before, :is(.item:hover, .item:focus-within) + .item::before { opacity: 0; }
.item > .dot { inline-size: .57em; block-size: .57em; margin-block-start: .44em; border-radius: 50%; background: var(--_accent); transform: scale(0); transition: transform .2s; }
.unread > .dot { transform: none; }
.title, .content { display: -webkit-box; -webkit-box-orient: vertical; overflow: hidden; overflow-wrap: anywhere; }
.title { -webkit-line-clamp: 3; color: var(--_muted); font-weight: 500; }
.unread .title { color: var(--_text); font-weight: 600; }
.title::after { content: ""; position: absolute; inset: 0; border-radius: inherit; }
.title:focus-visible { outline: none; }
.title:focus-visible::after { outline: 2px solid var(--_accent); outline-offset: -2px; border-radius: calc(var(--_radius) - 4px); }
.content {
  grid-area: 2 / 2 / auto / 4; -webkit-line-clamp: var(--notify-bell-lines, 2); margin: .15em 0 0; white-space: pre-line; color: var(--_muted);
}
.time { margin-block-start: .1em; font-size: .86em; color: var(--_muted); white-space: nowrap; }
.actions { position: absolute; inset-block-start: .5em; inset-inline-end: .6em; display: flex; gap: .15em; padding: .1em; border-radius: 8px; background: var(--_surface); box-shadow: 0 0 0 1px var(--_border), 0 2px 6px rgb(0 0 0 / .08); opacity: 0; transition: opacity .12s; }
:is(.item:hover, .item:focus-within) .actions { opacity: 1; }
.unread .icon-dot, .item:not(.unread) .icon-check { display: none; }

.message { display: flex; flex-direction: column; align-items: center; padding: 4em 2em 3.4em; text-align: center; }
.message h3 { margin: 1.1em 0 .2em; font-size: 1.08em; font-weight: 600; }
.message p { margin: 0; color: var(--_muted); }
.picture { display: grid; place-items: center; inline-size: 4.6em; block-size: 4.6em; border-radius: 50%; color: var(--_accent); background: color-mix(in srgb, currentColor 11%, transparent); box-shadow: 0 0 0 .7em color-mix(in srgb, currentColor 4%, transparent); }
.picture .icon { inline-size: 2em; block-size: 2em; stroke-width: 1.5; }
.error .picture { --_accent: light-dark(#d9283b, #ff7885); }
.retry { padding: .4em .9em; border: 1px solid var(--_border); color: var(--_text); font-weight: 550; }
.message .retry { margin-block-start: 1.3em; }

.bone { display: grid; gap: .6em; padding: 1.1em 1.4em 1.1em 2.75em; animation: breathe 1.4s ease-in-out infinite alternate; }
.bone i { block-size: .75em; border-radius: .4em; background: color-mix(in srgb, var(--_text) 9%, transparent); }
.bone i:first-child { inline-size: 45%; }
.more.busy { padding: .9em; }
.more.busy::before { content: ""; display: block; inline-size: 1.3em; block-size: 1.3em; margin: auto; border: 2px solid var(--_border); border-block-start-color: var(--_accent); border-radius: 50%; animation: turn .8s linear infinite; }

.toast:not(:empty) {
  position: absolute; inset: auto auto 1em 50%; display: flex; align-items: center; gap: .9em;
  inline-size: max-content; max-inline-size: calc(100% - 2em); padding: .6em 1em; border-radius: 10px;
  transform: translateX(-50%); background: light-dark(#1d2026, #eceef1); color: light-dark(#f4f5f7, #16181c);
  box-shadow: 0 6px 20px rgb(0 0 0 / .25); animation: rise .2s ease-out;
}
.undo { color: light-dark(#b5b3ff, #4338ca); font-weight: 600; }
.undo:hover { text-decoration: underline; }

.rung .icon-bell { transform-origin: 50% 12%; animation: ring .7s ease-in-out; }
@keyframes ring { 15% { rotate: 14deg } 35% { rotate: -12deg } 55% { rotate: 8deg } 75% { rotate: -4deg } }
@keyframes appear { from { opacity: 0 } }
@keyframes rise { from { opacity: 0; translate: 0 .6em } }
@keyframes breathe { to { opacity: .45 } }
@keyframes turn { to { rotate: 1turn } }

@media (hover: hover) {
  :is(.item:hover, .item:focus-within) .time { opacity: 0; }
}
@media (hover: none) {
  .title { grid-column: 2 / 4; }
  .item .time { grid-area: 3 / 2; align-self: center; margin: .55em 0 0; }
  .actions { position: relative; inset: auto; grid-area: 3 / 3; padding: 0; margin: .2em -.5em -.4em; opacity: 1; background: none; box-shadow: none; }
  .toggle, .archive { padding: .55em; }
}
@media (max-width: 479px) {
  .panel {
    inset: auto 0 0; inline-size: 100%; max-block-size: min(88dvh, 100dvh - 3em); min-block-size: 45dvh;
    border-width: 1px 0 0; border-end-start-radius: 0; border-end-end-radius: 0; font-size: max(15px, var(--notify-bell-font-size, 15px));
    padding-block-end: env(safe-area-inset-bottom); transform: translateY(2em);
  }
  .panel::backdrop { background: rgb(0 0 0 / .4); opacity: 0; transition: opacity .2s, display .2s allow-discrete, overlay .2s allow-discrete; }
  .panel:popover-open::backdrop { opacity: 1; }
  @starting-style { .panel:popover-open { transform: translateY(2em); } .panel:popover-open::backdrop { opacity: 0; } }
  .close { display: block; }
}
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after, .panel, .panel::backdrop { animation: none !important; transition: none !important; }
}
@media (forced-colors: active) {
  .badge, .toast:not(:empty) { border: 1px solid; }
  .item > .dot { background: Highlight; forced-color-adjust: none; }
  .icon-dot { fill: ButtonText; }
}
`;

/** @type {CSSStyleSheet | undefined} */
let sheet;

/** The sheet, made once for all bells. */
export function styleSheet() {
  if (sheet) return sheet;
  sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  return sheet;
}
