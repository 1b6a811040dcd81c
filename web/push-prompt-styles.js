/** The looks of the push prompt; see `styles.js` for the properties. */

export const pushPromptStyles = `
.push {
  display: flex; flex-wrap: wrap; align-items: center; gap: .5em .9em; flex: none;
  padding: .75em 1.3em; border-block-start: 1px solid var(--_border);
  background: var(--_hover); color: var(--_text); font-size: .93em;
}
.push-text { flex: 1 1 14em; margin: 0; }
.push-acts { display: flex; gap: .3em; margin-inline-start: auto; }
.push-on, .push-off, .push-retry, .push-later {
  padding: .4em .8em; min-block-size: 24px; border-radius: 8px; color: var(--_muted); font-weight: 500;
  white-space: nowrap;
}
.push-on, .push-retry { background: var(--_text); color: var(--_surface); }
.push-acts > :hover { background: color-mix(in srgb, var(--_text) 10%, transparent); }
.push-acts > :is(.push-on, .push-retry):hover { background: color-mix(in srgb, var(--_text) 85%, var(--_surface)); }
.push-acts > :disabled { opacity: .6; cursor: default; }
@media (forced-colors: active) {
  .push-acts > * { border: 1px solid ButtonText; }
}
`;
