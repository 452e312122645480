/**
 * A call log as text: JSON Lines, readable by `explain.py`. Pure.
 *
 * @typedef {object} Entry  A frame or a note, at `t` seconds since setup.
 * @property {number} t
 * @property {"in" | "out" | "note"} dir  "in": sent to the app, "out": sent by the app, both
 *   verbatim; "note": what the wire does not show
 * @property {Record<string, any>} frame
 */

// Other notes (each word heard or recognized) are only for the live display.
const KEPT_NOTES = new Set(["said", "transcribed", "heard", "cut", "decision"]);

/**
 * Whether the call log includes this entry.
 *
 * @param {Entry} entry
 */
export function isKept({ dir, frame }) {
  return dir !== "note" || KEPT_NOTES.has(frame.type);
}

/**
 * The call log's line for an entry, with its newline.
 *
 * @param {Entry} entry
 * @returns {string}
 */
export function line({ t, dir, frame }) {
  // ASCII only: some readers split lines at Unicode separators too.
  const text = JSON.stringify({ t: Math.round(t * 1000) / 1000, dir, frame }).replace(
    /[^\x00-\x7f]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `${text}\n`;
}

/**
 * What the app sent, as logged: `{"raw": text}` if it is not a JSON object.
 *
 * @param {unknown} raw
 * @returns {Record<string, any>}
 */
export function appFrame(raw) {
  try {
    const frame = JSON.parse(raw);
    if (typeof frame === "object" && frame !== null && !Array.isArray(frame)) return frame;
  } catch {
    // not JSON
  }
  return { raw: String(raw) };
}

/**
 * The file name of a call log.
 *
 * @param {string} callSid
 * @param {Date} beganAt
 */
export function fileName(callSid, beganAt) {
  const time = beganAt.toISOString().replace(/[-:]|\.\d+/g, "");
  return `${time}-${callSid}.jsonl`;
}
