/** What the preference centre looks like before the rest of it is there. */
export const waitingStyles = `
:host { block-size: auto; overflow: visible; container-type: inline-size; }
.bones { display: grid; gap: 1.6em; padding: 1.6em; min-block-size: 24em; align-content: start; }
.bones i { block-size: 3.4em; border-radius: .6em; background: color-mix(in srgb, var(--_text) 8%, transparent); animation: pulse 1.4s ease-in-out infinite alternate; }
@keyframes pulse { to { opacity: .45 } }
`;
