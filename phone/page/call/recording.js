/**
 * A call as text: JSON Lines, from which its decisions can be explained again. Pure.
 *
 * @typedef {object} Entry  One thing that happened, at `t` seconds since setup.
 * @property {number} t
 * @property {"in" | "out" | "note"} dir  "in" is what the line sent to the app, "out" what the app
 *   sent to the line, both verbatim; a note is what the wire does not show
 * @property {Record<string, any>} frame
 */

// Other notes (each word heard, each bit made out) are for those who watch a call as it happens.
const KEPT_NOTES = new Set(["said", "transcribed", "heard", "cut", "decision"]);

/**
 * Whether a recording holds this entry.
 *
 * @param {Entry} entry
 */
export function isKept({ dir, frame }) {
  return dir !== "note" || KEPT_NOTES.has(frame.type);
}

/**
 * The line of a recording for an entry, with its end. What the app sent that is no JSON object is
 * kept as `{"raw": text}`.
 *
 * @param {Entry} entry
 * @returns {string}
 */
export function line({ t, dir, frame }) {
  // ASCII alone, so that no reader takes a separator in it for the end of the line.
  const text = JSON.stringify({ t: Math.round(t * 1000) / 1000, dir, frame }).replace(
    /[^\x00-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}

/**
 * What the app sent, as it is kept.
 *
 * @param {unknown} raw
 * @returns {Record<string, any>}
 */
export function appFrame(raw) {
  try {
    const frame = JSON.parse(raw);
    if (typeof frame === "object" && frame !== null && !Array.isArray(frame)) return frame;
  } catch {
    // no JSON
  }
  return { raw: String(raw) };
}

/**
 * The name of a recording's file, by time and call.
 *
 * @param {string} callSid
 * @param {Date} beganAt
 */
export function fileName(callSid, beganAt) {
  const time = beganAt.toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-${callSid}.jsonl`;
}
