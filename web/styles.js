/**
 * The looks of the elements, as constructed sheets: a strict `style-src` does not touch them.
 *
 * Here is what a bell needs at once, and what all share; the inbox has a sheet of its own. Sizes are
 * in em of `--notify-bell-font-size`; sides are logical, so that right-to-left works.
 */

const baseStyles = `
:host {
  --_accent: var(--notify-bell-accent, light-dark(#4f46e5, #9a97ff));
  --_on-accent: light-dark(#fff, #14161a);
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
}
:host([theme~="soft"]) {
  --_accent: var(--notify-bell-accent, light-dark(#7a4fd0, #c3a6ff));
  --_badge: var(--notify-bell-badge, #c2347f);
  --_surface: var(--notify-bell-surface, light-dark(#f6f3fb, #1e1b27));
  --_hover: var(--notify-bell-hover, light-dark(#fff, #2a2536));
  --_text: var(--notify-bell-text, light-dark(#2a2438, #efeaf8));
  --_muted: var(--notify-bell-muted, light-dark(#655c7a, #b0a6c4));
  --_border: var(--notify-bell-border, light-dark(#e5def2, #352f44));
  --_radius: var(--notify-bell-radius, 22px);
}
:host([theme~="contrast"]) {
  --_accent: var(--notify-bell-accent, light-dark(#0b3fbf, #ffd54a));
  --_badge: var(--notify-bell-badge, #a30014);
  --_surface: var(--notify-bell-surface, light-dark(#fff, #000));
  --_hover: var(--notify-bell-hover, light-dark(#e8eefc, #26220f));
  --_text: var(--notify-bell-text, light-dark(#000, #fff));
  --_muted: var(--notify-bell-muted, light-dark(#2e3238, #dcdfe4));
  --_border: var(--notify-bell-border, light-dark(#565c66, #a8adb6));
  --_radius: var(--notify-bell-radius, 4px);
}
:host([hidden]), [hidden] { display: none !important; }
:host([theme~="light"]) { color-scheme: light; }
:host([theme~="dark"]) { color-scheme: dark; }
*, ::before, ::after { box-sizing: border-box; }

button, a { all: unset; box-sizing: border-box; cursor: pointer; -webkit-tap-highlight-color: transparent; }
:is(button, a):focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
:host([theme~="contrast"]) :is(button, a):focus-visible { outline-width: 3px; }
.icon {
  display: block; flex: none; inline-size: 1.25em; block-size: 1.25em; fill: none; stroke: currentColor;
  stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round;
}
.icon-dot { fill: currentColor; stroke: none; }
.unloaded { margin: auto; padding: 2em; color: var(--_text); font: 14px/1.45 var(--notify-bell-font, system-ui, sans-serif); text-align: center; }
.again { padding: .5em 1em; border: 1px solid var(--_border); border-radius: min(8px, var(--_radius)); }
.status { position: absolute; inline-size: 1px; block-size: 1px; overflow: clip; clip-path: inset(50%); white-space: nowrap; }
@media (prefers-reduced-motion: reduce) {
  *, ::before, ::after, .panel, .panel::backdrop { animation: none !important; transition: none !important; }
}
`;

export const bellStyles = `${baseStyles}
:host { display: inline-block; min-inline-size: var(--_size); min-block-size: var(--_size); vertical-align: middle; }
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

.panel {
  position: fixed; inset: var(--_top, auto) auto var(--_bottom, auto) var(--_left, 8px);
  inline-size: min(var(--notify-bell-width, 410px), 100vw - 16px); block-size: auto;
  max-block-size: min(var(--notify-bell-height, 600px), var(--_room));
  min-block-size: min(352px, var(--_room));
  margin: 0; padding: 0; overflow: clip; border: 1px solid var(--_border);
  border-radius: var(--_radius); background: var(--_surface); color: var(--_text);
  box-shadow: var(--_shadow); outline: none; cursor: default;
  opacity: 0; transform: translateY(calc(-6px * var(--_side, 1))) scale(.985);
  transition: opacity .14s, transform .18s cubic-bezier(.2, .9, .3, 1), display .18s allow-discrete,
    overlay .18s allow-discrete;
}
.panel:popover-open { display: flex; flex-direction: column; opacity: 1; transform: none; }
@starting-style {
  .panel:popover-open { opacity: 0; transform: translateY(calc(-6px * var(--_side, 1))) scale(.985); }
}
:host([theme~="contrast"]) .panel { border-width: 2px; }

.rung .icon-bell { transform-origin: 50% 12%; animation: ring .7s ease-in-out; }
@keyframes ring { 15% { rotate: 14deg } 35% { rotate: -12deg } 55% { rotate: 8deg } 75% { rotate: -4deg } }

@media (max-width: 479px) {
  .panel {
    inset: auto 0 0; inline-size: 100%; max-block-size: min(88dvh, 100dvh - 3em); min-block-size: 45dvh;
    border-width: 1px 0 0; border-end-start-radius: 0; border-end-end-radius: 0;
    padding-block-end: env(safe-area-inset-bottom); transform: translateY(2em);
  }
  .panel::backdrop { background: rgb(0 0 0 / .4); opacity: 0; transition: opacity .2s, display .2s allow-discrete, overlay .2s allow-discrete; }
  .panel:popover-open::backdrop { opacity: 1; }
  @starting-style { .panel:popover-open { transform: translateY(2em); } .panel:popover-open::backdrop { opacity: 0; } }
}
@media (forced-colors: active) {
  .badge { border: 1px solid; }
  .icon-dot { fill: ButtonText; }
}
`;

export const pageStyles = `${baseStyles}
:host {
  display: block; box-sizing: border-box; position: relative; overflow: clip;
  block-size: var(--notify-bell-height, 600px);
  border: 1px solid var(--_border); border-radius: var(--_radius); background: var(--_surface);
}
:host([theme~="contrast"]) { border-width: 2px; }
.inbox { block-size: 100%; }
`;

/** @type {Map<string, CSSStyleSheet>} */
const sheets = new Map();

/**
 * Adds sheets to a shadow root; each is made once for all elements of the page.
 *
 * @param {ShadowRoot} root
 * @param {string[]} texts
 */
export function adopt(root, ...texts) {
  for (const text of texts) {
    const sheet = sheets.get(text) ?? new CSSStyleSheet();
    if (!sheets.has(text)) sheet.replaceSync(text);
    sheets.set(text, sheet);
    root.adoptedStyleSheets.push(sheet);
  }
}
