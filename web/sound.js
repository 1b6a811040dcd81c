/** A short chime, synthesized: no file, no request. Silent until the user has touched the page. */

/** Two notes: Hz, and seconds after the start. */
const NOTES = [
  { frequency: 880, at: 0 },
  { frequency: 1318.5, at: 0.11 },
];
const LOUDNESS = 0.12;
const FADE_S = 0.7;
/** As close to nothing as an exponential ramp can go. */
const SILENCE = 0.0001;

/** @type {AudioContext | null} */
let audio = null;

/** Never throws: a browser without sound is none to complain about. */
export async function chime() {
  // Earlier, browsers refuse, and write so on the page's console.
  if (!navigator.userActivation?.hasBeenActive) return;
  try {
    audio ??= new AudioContext();
    await audio.resume();
    for (const note of NOTES) strike(audio, note);
  } catch {
    audio = null;
  }
}

/**
 * @param {AudioContext} context
 * @param {{ frequency: number, at: number }} note
 */
function strike(context, { frequency, at }) {
  const start = context.currentTime + at;
  const oscillator = new OscillatorNode(context, { type: "sine", frequency });
  const volume = new GainNode(context, { gain: SILENCE });
  volume.gain.setValueAtTime(SILENCE, start);
  volume.gain.exponentialRampToValueAtTime(LOUDNESS, start + 0.015);
  volume.gain.exponentialRampToValueAtTime(SILENCE, start + FADE_S);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(start);
  oscillator.stop(start + FADE_S);
}
