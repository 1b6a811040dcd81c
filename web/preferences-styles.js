/** The looks of the preference centre; see `styles.js`. */

export const preferencesStyles = `
.preferences, .saved { color: var(--_text); font: 400 var(--notify-bell-font-size, 14px)/1.45 var(--notify-bell-font, system-ui, sans-serif); text-align: start; }
.preferences:focus-visible { outline: 2px solid var(--_accent); outline-offset: -2px; border-radius: inherit; }
.section { padding: 1.3em 1.5em 1.4em; }
.section + .section { border-block-start: 1px solid var(--_border); }
.head { position: relative; margin-block-end: .9em; padding-inline-end: 3.2em; }
.heading { margin: 0; font-size: 1.1em; font-weight: 650; }
.hint, small { margin: 0; color: var(--_muted); font-size: .93em; }
.head > .switch { position: absolute; inset-block-start: 0; inset-inline-end: 0; margin-block-start: 0; }
.line { display: flex; flex-wrap: wrap; align-items: end; gap: .6em; }
.field { display: grid; grid-template-columns: minmax(0, auto); gap: .25em; min-inline-size: 0; max-inline-size: 100%; }
.field > span, legend { padding: 0; color: var(--_muted); font-size: .93em; }

.act, .input {
  box-sizing: border-box; min-block-size: 2.5em; max-inline-size: 100%; padding: .4em .8em; border: 1px solid var(--_border);
  border-radius: min(8px, var(--_radius)); background: transparent; color: var(--_text); font: inherit;
}
.act { font-weight: 550; }
.input { padding-inline: .5em; }
option { background: var(--_surface); color: var(--_text); }
:is(.act, .input, .day):hover { background: var(--_hover); }
.input:focus-within, :is(input, select):focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; }
:is(input, select, button) { scroll-margin-block: 1em 5em; }

.switch {
  appearance: none; flex: none; position: relative; inline-size: 3em; block-size: max(1.75em, 24px); margin: .33em 0; border: 1px solid var(--_muted);
  border-radius: 99px; background: transparent; font: inherit; cursor: pointer; transition: background-color .15s;
}
.switch::before {
  content: ""; position: absolute; inset-block: .2em; inset-inline-start: .22em; aspect-ratio: 1; border-radius: 50%;
  background: var(--_muted); transition: inset-inline-start .15s;
}
.switch:checked { border-color: var(--_accent); background: var(--_accent); }
.switch:checked::before { inset-inline-start: calc(1.43em - 2px); background: var(--_on-accent); }
.switch:disabled { cursor: not-allowed; opacity: .55; }

table { inline-size: 100%; border-collapse: collapse; }
th, td { padding-block: .5em; padding-inline: 0 .9em; text-align: start; vertical-align: top; }
tbody th { padding-block-start: .85em; font-weight: 550; }
thead th { color: var(--_muted); font-size: .93em; font-weight: 500; }
tbody tr { border-block-start: 1px solid var(--_border); }
small { display: block; max-inline-size: 18em; font-weight: 400; }
td > .input { display: block; min-block-size: 2.1em; padding-block: .2em; font-size: .93em; }
.channel { display: none; }

.days { display: flex; flex-wrap: wrap; gap: .35em; margin: 0; padding: 0; border: 0; }
legend { margin-block-end: .25em; }
.day { display: flex; align-items: center; gap: .4em; min-block-size: 2.5em; padding: .3em .6em; border: 1px solid var(--_border); border-radius: min(8px, var(--_radius)); }
.day > input { margin: 0; inline-size: 1.1em; block-size: 1.1em; accent-color: var(--_accent); }

.topics { margin: 0; padding: 0; list-style: none; }
.topic { display: flex; flex-wrap: wrap; align-items: center; gap: .2em .8em; padding-block: .45em; }
.topic + .topic { border-block-start: 1px solid var(--_border); }
.topic-name { flex: 1 1 9em; min-inline-size: 0; overflow-wrap: anywhere; font-weight: 550; }
.acts { display: flex; gap: .4em; }

.saved {
  position: sticky; inset-block-end: 1em; inline-size: fit-content; max-inline-size: calc(100% - 2em); margin-block: -3.4em 1em; margin-inline: auto; padding: .5em 1em; pointer-events: none;
  border: 1px solid var(--_border); border-radius: min(10px, var(--_radius)); background: var(--_surface); box-shadow: var(--_shadow);
}
.saved:empty { position: absolute; visibility: hidden; }
.problem { color: light-dark(#b3261e, #ff8f99); font-weight: 550; }
.failure { display: grid; justify-items: center; gap: .4em; padding: 3em 2em; text-align: center; }
.failure .act { margin-block-start: .8em; }

@container (max-width: 559px) {
  .section { padding-inline: 1.1em; }
  table, tbody, tr, tbody th, td { display: block; padding: 0; }
  thead { position: absolute; inline-size: 1px; block-size: 1px; overflow: clip; clip-path: inset(50%); }
  tbody tr { margin-block-start: .7em; padding: .7em .9em; border: 1px solid var(--_border); border-radius: min(12px, var(--_radius)); }
  small { max-inline-size: none; }
  td { display: flex; align-items: center; gap: .7em; min-block-size: 2.7em; }
  td > .input { min-inline-size: 0; max-inline-size: 8em; }
  .channel { display: block; flex: 1; overflow-wrap: anywhere; }
  td > .switch { order: 1; }
}
@media (prefers-contrast: more) {
  :host { --_muted: var(--_text); --_border: var(--_text); }
}
@media (forced-colors: active) {
  .switch::before { forced-color-adjust: none; background: ButtonText; }
  .switch:checked { forced-color-adjust: none; background: Highlight; }
  .switch:checked::before { background: HighlightText; }
}
`;
