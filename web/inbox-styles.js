/** The looks of an inbox, in a panel or in the page; see `styles.js`. */
import { markedTextStyles } from "./marked-text-styles.js";

export const inboxStyles = `
${markedTextStyles}
.inbox {
  position: relative; display: flex; flex-direction: column; flex: 1; min-block-size: 0;
  color: var(--_text); background: var(--_surface); cursor: default;
  font: 400 var(--notify-bell-font-size, 14px)/1.45 var(--notify-bell-font, system-ui, sans-serif);
  letter-spacing: normal; text-align: start; text-transform: none; white-space: normal;
}
.header {
  display: flex; align-items: center; gap: .3em; min-block-size: 3.6em; flex: none;
  padding-inline: 1.3em .7em; border-block-end: 1px solid var(--_border);
}
.choice { position: relative; display: flex; flex: 1; align-items: center; gap: .2em; min-inline-size: 0; }
.choice > .icon { inline-size: 1.1em; block-size: 1.1em; color: var(--_muted); }
.lists { position: absolute; inset: -.4em 0; inline-size: 100%; border: 0; border-radius: 6px; appearance: none; font: inherit; color: transparent; background: transparent; forced-color-adjust: none; cursor: pointer; }
.lists > option { color: var(--_text); background: var(--_surface); }
.lists:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
.heading {
  min-inline-size: 0; margin: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap;
  font-size: 1.15em; font-weight: 650; letter-spacing: -.01em;
}
.tight .heading { white-space: normal; overflow-wrap: anywhere; line-height: 1.2; }
.tight > .mark-all > span { display: none; }
.mark-all, .close, .filter, .toggle, .snooze, .archive, .retry, .undo, .group-acts > button {
  color: var(--_muted); border-radius: 8px; transition: background-color .12s, color .12s;
}
.mark-all { display: flex; align-items: center; gap: .45em; padding: .45em .65em; font-size: .93em; font-weight: 500; white-space: nowrap; }
.filter { padding: .3em .8em; border: 1px solid var(--_border); border-radius: 99px; font-size: .93em; font-weight: 500; white-space: nowrap; }
.filter[aria-pressed="true"] { border-color: var(--_accent); background: color-mix(in srgb, var(--_accent) 12%, transparent); color: var(--_text); }
.close { padding: .45em; display: none; }
.toggle, .snooze, .archive { padding: .27em; border-radius: 6px; }
:is(.mark-all, .close, .filter, .toggle, .snooze, .archive, .retry, .group-acts > button):hover { background: color-mix(in srgb, var(--_text) 8%, transparent); color: var(--_text); }

.tabs {
  display: flex; flex: none; gap: .2em; padding-inline: .9em; overflow-x: auto; scrollbar-width: none;
  border-block-end: 1px solid var(--_border);
}
.tab { padding: .65em .6em; color: var(--_muted); font-weight: 500; white-space: nowrap; border-block: 2px solid transparent; transition: color .12s; }
.tab:hover { color: var(--_text); }
.tab[aria-selected="true"] { color: var(--_text); border-block-end-color: var(--_accent); font-weight: 600; }
.tab:focus-visible { outline-offset: -3px; border-radius: 8px; }

.hint:not(:empty), .more:not(:empty) { padding: .55em 1.4em; font-size: .93em; text-align: center; color: var(--_muted); }
.hint:not(:empty) { flex: none; background: var(--_hover); border-block-end: 1px solid var(--_border); animation: appear .3s 1.5s backwards; }
.stage { position: relative; display: flex; flex-direction: column; flex: 1; min-block-size: 0; }
.body {
  position: relative; flex: 1; min-block-size: 0; overflow-y: auto; overflow-anchor: none; outline: none;
  overscroll-behavior: contain; scrollbar-width: thin; scrollbar-color: var(--_border) transparent;
}
.body:focus-visible { box-shadow: inset 0 0 0 2px var(--_accent); }
.pill {
  position: absolute; inset: .7em auto auto 50%; display: flex; align-items: center; gap: .4em; padding: .35em .9em .35em .7em;
  border-radius: 99px; transform: translateX(-50%); background: var(--_accent); color: var(--_on-accent);
  font-size: .93em; font-weight: 600; white-space: nowrap; box-shadow: 0 3px 12px rgb(0 0 0 / .25); animation: drop .2s ease-out;
}
.pill .icon { inline-size: 1.1em; block-size: 1.1em; stroke-width: 2.2; }

.list { display: flex; flex-direction: column; margin: 0; padding: .45em; list-style: none; }
.item { position: relative; flex: none; border-radius: calc(var(--_radius) - 4px); transition: background-color .12s; }
.item:hover, .item:focus-within { background-color: var(--_hover); }
.item + .item::before { content: ""; position: absolute; inset-block-start: 0; inset-inline: 2.25em .85em; border-block-start: 1px solid var(--_border); transition: opacity .12s; }
:is(.item:hover, .item:focus-within)::before, :is(.item:hover, .item:focus-within) + .item::before { opacity: 0; }
.row {
  position: relative; display: grid; grid-template-columns: .55em 1fr auto; column-gap: .85em;
  padding: .8em .85em .85em; border-radius: inherit; touch-action: pan-y;
}
.dot { inline-size: .57em; block-size: .57em; margin-block-start: .44em; border-radius: 50%; background: var(--_accent); transform: scale(0); transition: transform .2s; }
.unread .dot { transform: none; }
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
:is(.item:hover, .item:focus-within, .item:has([aria-expanded="true"])) .actions { opacity: 1; }
.unread .icon-dot, .item:not(.unread) .icon-check { display: none; }
.own .title { grid-area: 1 / 2; font-size: 0; line-height: 0; color: transparent; }
.own :is(.content, .row > .time) { display: none; }
.own-slot { display: block; grid-area: 1 / 2 / auto / 4; }

.group { padding-block-end: .7em; padding-inline: 2.25em .85em; margin-block-start: -.35em; }
.members { margin: 0 0 .3em; padding: .2em 0; list-style: none; border-inline-start: 2px solid var(--_border); }
.member { display: flex; gap: .85em; padding: .25em .75em; }
.member-title { flex: 1; padding-block: .15em; min-inline-size: 0; overflow-wrap: anywhere; color: var(--_muted); }
.member-title:hover { color: var(--_text); text-decoration: underline; }
.group-acts { display: flex; gap: .3em; margin-inline-start: -.4em; font-size: .93em; font-weight: 500; }
.group-acts > button { padding: .2em .4em; }
.group-toggle { display: flex; align-items: center; gap: .2em; }
.group-toggle .icon { inline-size: 1.1em; block-size: 1.1em; transition: rotate .15s; }
.group-toggle[aria-expanded="true"] .icon { rotate: 180deg; }

.swipe { position: absolute; inset: 0; display: none; align-items: center; padding-inline: 1.3em; border-radius: inherit; color: #fff; font-size: 1.1em; }
.swiped-start .swipe { display: flex; justify-content: flex-end; background: #b3261e; }
.swiped-end .swipe { display: flex; background: light-dark(#4f46e5, #4b45b8); }
.swiped-start .swipe :is(.icon-check, .icon-dot), .swiped-end .swipe .icon-archive { display: none; }
.swipe .icon { transition: scale .12s; scale: .85; }
.far .swipe .icon { scale: 1.25; }
:is(.swiped-start, .swiped-end) > .row { background: var(--_surface); }

.menu {
  position: fixed; inset: auto; margin: 0; padding: .4em; min-inline-size: 15.5em; max-inline-size: calc(100vw - 16px); border: 1px solid var(--_border);
  border-radius: min(12px, var(--_radius)); background: var(--_surface); color: var(--_text); box-shadow: var(--_shadow);
}
.menu-item { display: flex; justify-content: space-between; gap: 1.5em; inline-size: 100%; padding: .5em .75em; border-radius: 8px; }
.menu-item:hover, .menu-item:focus-visible { background: var(--_hover); }
.menu :focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px; }
.menu .menu-done:focus-visible { outline-offset: 2px; }
.menu-time:focus-within { outline: 2px solid var(--_accent); }
.when { color: var(--_muted); font-variant-numeric: tabular-nums; }
.menu-form { display: grid; grid-template-columns: 1fr auto; gap: .4em; margin: .4em 0 0; padding: .6em .75em .4em; border-block-start: 1px solid var(--_border); }
.menu-form > span { grid-column: 1 / 3; font-size: .93em; color: var(--_muted); }
.menu-time { min-inline-size: 0; padding: .35em .5em; border: 1px solid var(--_border); border-radius: 8px; font: inherit; color: inherit; background: transparent; }
.menu-done { padding: .35em .8em; border-radius: 8px; background: var(--_accent); color: var(--_on-accent); font-weight: 600; }

.message { display: flex; flex-direction: column; align-items: center; padding: 4em 2em 3.4em; text-align: center; }
.message h3 { margin: 1.1em 0 .2em; font-size: 1.08em; font-weight: 600; }
.message p { margin: 0; color: var(--_muted); }
.picture { display: grid; place-items: center; inline-size: 4.6em; block-size: 4.6em; border-radius: 50%; color: var(--_accent); background: color-mix(in srgb, currentColor 11%, transparent); box-shadow: 0 0 0 .7em color-mix(in srgb, currentColor 4%, transparent); }
.picture .icon { inline-size: 2em; block-size: 2em; stroke-width: 1.5; }
.error .picture { --_accent: light-dark(#d9283b, #ff7885); }
.retry { padding: .4em .9em; border: 1px solid var(--_border); color: var(--_text); font-weight: 550; }
.message .retry { margin-block-start: 1.3em; }

.skeleton { overflow: clip; block-size: 100%; padding: .45em; }
.bone { display: grid; align-content: center; gap: .6em; block-size: 5.4em; padding-inline: 2.25em .85em; animation: breathe 1.4s ease-in-out infinite alternate; }
.bone i { block-size: .75em; border-radius: .4em; background: color-mix(in srgb, var(--_text) 9%, transparent); }
.bone i:first-child { inline-size: 45%; }
.more { min-block-size: 1px; }
.more.busy { padding: .9em; }
.more.busy::before { content: ""; display: block; inline-size: 1.3em; block-size: 1.3em; margin: auto; border: 2px solid var(--_border); border-block-start-color: var(--_accent); border-radius: 50%; animation: turn .8s linear infinite; }

.toast:not(:empty) {
  position: absolute; inset: auto auto 1em 50%; display: flex; align-items: center; gap: .9em;
  inline-size: max-content; max-inline-size: calc(100% - 2em); padding: .6em 1em; border-radius: 10px;
  transform: translateX(-50%); background: light-dark(#1d2026, #eceef1); color: light-dark(#f4f5f7, #16181c);
  box-shadow: 0 6px 20px rgb(0 0 0 / .25); animation: rise .2s ease-out;
}
.undo { margin-block: -.2em; padding: .2em .3em; border-radius: 6px; color: light-dark(#b5b3ff, #4338ca); font-weight: 600; }
.undo:focus-visible { outline-color: currentColor; }
.undo:hover { text-decoration: underline; }

:host([theme~="soft"]) .list { padding: .4em .6em; }
:host([theme~="soft"]) .item::before { display: none; }
:host([theme~="soft"]) .item { border-block: .2em solid transparent; background-clip: padding-box; background-color: color-mix(in srgb, var(--_hover) 55%, transparent); }
:host([theme~="soft"]) .item:is(.unread, :hover, :focus-within) { background-color: var(--_hover); }
:host([theme~="soft"]) .header, :host([theme~="soft"]) .tabs { border-color: transparent; }
:host([theme~="soft"]) .tab { margin-block: .2em .4em; padding-block: .3em; border: 0; border-radius: 99px; padding-inline: .9em; }
:host([theme~="soft"]) .tab[aria-selected="true"] { background: color-mix(in srgb, var(--_accent) 16%, transparent); }
:host([theme~="contrast"]) .item { border-inline-start: 4px solid transparent; }
:host([theme~="contrast"]) .item.unread { border-inline-start-color: var(--_accent); }
:host([theme~="contrast"]) :is(.filter, .actions, .menu, .retry) { border-width: 2px; }
:host([theme~="contrast"]) .title { color: var(--_text); text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: .2em; }

@keyframes appear { from { opacity: 0 } }
@keyframes rise { from { opacity: 0; translate: 0 .6em } }
@keyframes drop { from { opacity: 0; translate: 0 -.6em } }
@keyframes breathe { to { opacity: .45 } }
@keyframes turn { to { rotate: 1turn } }

@media (hover: hover) and (min-width: 480px) {
  /* as wide as the buttons that come in its place, so that they cover no title */
  .row > .time { min-inline-size: 6.7em; text-align: end; }
  :is(.item:hover, .item:focus-within, .item:has([aria-expanded="true"])) .row > .time { opacity: 0; }
}
@media (hover: none), (max-width: 479px) {
  .title { grid-column: 2 / 4; }
  .row > .time { grid-area: 3 / 2; align-self: center; margin: .55em 0 0; }
  .actions { position: relative; inset: auto; grid-area: 3 / 3; padding: 0; margin: .2em -.5em -.4em; opacity: 1; background: none; box-shadow: none; }
  .toggle, .snooze, .archive { padding: .55em; }
  .group-acts > button { padding: .45em .5em; }
}
@media (max-width: 479px) {
  .inbox { font-size: max(15px, var(--notify-bell-font-size, 15px)); }
  .close { display: block; }
}
@media (max-width: 359px) {
  .header { gap: .1em; padding-inline: 1em .5em; }
  .heading { font-size: 1.05em; }
  .filter { padding-inline: .6em; }
}
@media (max-height: 420px) {
  .inbox { overflow: hidden auto; }
  .stage { flex-shrink: 0; min-block-size: 9em; }
}
@media (prefers-contrast: more) {
  :host { --_muted: var(--_text); --_border: var(--_text); }
}
@media (forced-colors: active) {
  .toast:not(:empty), .pill { border: 1px solid; }
  .dot { background: Highlight; forced-color-adjust: none; }
  /* a border that is see-through elsewhere gets a colour here */
  .tab { border-color: Canvas; }
  .item:not(.unread) { border-color: Canvas !important; }
  .tab[aria-selected="true"] { border-block-end-color: Highlight; }
  .filter[aria-pressed="true"] { outline: 2px solid Highlight; }
}
`;
