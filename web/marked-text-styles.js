/** The looks of content's markup, in rows and toasts; see `styles.js`. */

export const markedTextStyles = `
.content strong { font-weight: 600; color: var(--_text); }
.content code { padding: .1em .3em; border-radius: 4px; background: color-mix(in srgb, var(--_text) 8%, transparent); font-family: ui-monospace, monospace; font-size: .92em; overflow-wrap: anywhere; }
.content a { position: relative; unicode-bidi: isolate; color: var(--_accent); text-decoration: underline; text-underline-offset: .15em; overflow-wrap: anywhere; border-radius: 3px; }
.content a:hover { text-decoration-thickness: 2px; }
.content:focus-within { -webkit-line-clamp: none; }
`;
