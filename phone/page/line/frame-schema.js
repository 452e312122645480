/**
 * The schema of the frames that the relay accepts from the app. Pure.
 *
 * Validation is as strict as Twilio's: an unknown key, a null or a wrong type rejects the whole frame.
 */

/** A frame that Twilio rejects with error 64107; the message says why. */
export class MalformedFrameError extends Error {}

const isText = (value) => typeof value === "string";
const isTag = (value) => isText(value) && value !== "";
const isBool = (value) => typeof value === "boolean";
const isLoop = (value) => Number.isInteger(value) && value >= 0 && value <= 1000;
const isDigits = (value) => isText(value) && /^[0-9w#*]+$/.test(value);

function isUrl(value) {
  if (!isText(value) || value.includes(" ") || !/^https?:\/\//i.test(value)) return false;
  try {
    return new URL(value).hostname !== "";
  } catch {
    return false;
  }
}

const FLAGS = { interruptible: isBool, preemptible: isBool };

const SHAPES = new Map([
  ["text", { keys: { token: isText, last: isBool, lang: isTag, ...FLAGS }, required: ["token"] }],
  ["play", { keys: { source: isUrl, loop: isLoop, ...FLAGS }, required: ["source"] }],
  ["sendDigits", { keys: { digits: isDigits }, required: ["digits"] }],
  ["language", { keys: { ttsLanguage: isTag, transcriptionLanguage: isTag }, atLeastOne: true }],
  ["end", { keys: { handoffData: isText } }],
]);

/**
 * Read one frame from the app.
 *
 * @param {unknown} raw what came over the socket
 * @returns {Record<string, any>} a frame that conforms to the schema
 * @throws {MalformedFrameError} Twilio would reject it
 */
export function parse(raw) {
  const frame = jsonObject(raw);
  const { type, ...fields } = frame;
  const shape = SHAPES.get(type);
  if (shape === undefined) throw new MalformedFrameError(`unknown type: ${JSON.stringify(type)}`);
  checkKeys(shape, fields);
  return frame;
}

function checkKeys(shape, fields) {
  const missing = (shape.required ?? []).filter((key) => !Object.hasOwn(fields, key));
  if (missing.length) throw new MalformedFrameError(`missing required field: ${missing}`);
  if (shape.atLeastOne && !Object.keys(fields).length) {
    throw new MalformedFrameError(`at least one field required: ${Object.keys(shape.keys)}`);
  }
  for (const [key, value] of Object.entries(fields)) {
    if (!Object.hasOwn(shape.keys, key)) throw new MalformedFrameError(`unknown field: ${key}`);
    if (!shape.keys[key](value)) throw new MalformedFrameError(`wrong value for ${key}`);
  }
}

function jsonObject(raw) {
  if (typeof raw !== "string") throw new MalformedFrameError("a binary frame");
  let value;
  try {
    value = JSON.parse(raw);
  } catch {
    throw new MalformedFrameError("not JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new MalformedFrameError("not a JSON object");
  }
  return value;
}
