/**
 * Decisions, times and talk in plain words. Pure.
 *
 * @typedef {import("./conversation.js").Decision} Decision
 */

const EXPLAINED = {
  asked: "A turn: the guide is asked",
  extended: "More of the same turn: the guide is asked again",
  cancelled: "The reply is dropped, and this is answered",
  resumed: "The reply goes on",
  kept: "The guide will read it, and nothing else changes",
  ignored: "Nothing changes",
  "gave up": "A clear stop: the rest is given up",
};

/** A decision and its reason: "resumed: backchannel". @param {Decision} decision */
export function decisionInShort({ outcome, act }) {
  return `${outcome}: ${act || "nothing was said"}`;
}

/** What a decision means. @param {Decision} decision */
export function decisionExplained({ outcome, act }) {
  const kept = outcome === "resumed" && act === "remark";
  return kept ? "The reply goes on, and the guide will read this" : EXPLAINED[outcome] ?? "";
}

/** What the caller did that was no word. @param {string} text "" for a noise */
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
