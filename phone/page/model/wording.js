/**
 * Decisions, actions and times in words. Pure.
 *
 * @typedef {import("./conversation.js").Decision} Decision
 */

const EXPLAINED = {
  asked: "Sent to the guide",
  extended: "Same turn continued; the guide is asked again",
  cancelled: "Reply cancelled",
  resumed: "Reply resumed",
  kept: "Kept for the guide; the reply continues",
  ignored: "No effect",
  "gave up": "Clear stop; the rest is dropped",
};

/** A decision and its reason: "resumed: backchannel". @param {Decision} decision */
export function decisionInShort({ outcome, act }) {
  return `${outcome}: ${act || "nothing said"}`;
}

/** What a decision means, and its reason: "Reply resumed (backchannel)". @param {Decision} decision */
export function decisionExplained({ outcome, act }) {
  const kept = outcome === "resumed" && act === "remark";
  const meaning = kept ? "Reply resumed; kept for the guide" : EXPLAINED[outcome] ?? outcome;
  return `${meaning} (${act || "nothing said"})`;
}

/** An action or a noise of the caller, in words. @param {string} text "" for a noise */
export function deedInWords(text) {
  if (!text) return "You made a sound";
  return text === "hangs up" ? "You hung up" : text.replace("presses", "You pressed");
}

/** 0:42 @param {number} seconds */
export function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

/** "84 ms", "1.3 s" @param {number | null} seconds */
export function duration(seconds) {
  if (seconds === null) return "–";
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
