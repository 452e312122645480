/**
 * Decisions, times and talk in plain words. Pure.
 *
 * @typedef {import("./conversation.js").Decision} Decision
 */

const EXPLAINED = {
  asked: "a turn: the guide is asked",
  extended: "more of the same turn: the guide is asked again",
  cancelled: "the reply is dropped, and this answered",
  resumed: "the reply goes on",
  kept: "kept for the guide; the agent goes on",
  ignored: "nothing changes",
  "gave up": "a clear stop: the rest is given up",
};

/** A decision and its reason: "resumed: backchannel". @param {Decision} decision */
export function decisionInShort({ outcome, act }) {
  return `${outcome}: ${act || "nothing was said"}`;
}

/** What a decision means. @param {Decision} decision */
export function decisionExplained({ outcome, act }) {
  const kept = outcome === "resumed" && act === "remark";
  return kept ? "kept for the guide; the reply goes on" : EXPLAINED[outcome] ?? "";
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
