/**
 * The call's timings: for each utterance, how long the answer, the decision and the pause took.
 * Pure: a fold over the entries of a call. Times are seconds.
 *
 * The time to the first word is the app's alone: from sending the final prompt to receiving the first
 * text. Transcription and speech are not counted.
 *
 * @typedef {object} Exchange
 * @property {string} said "" for a noise or silence
 * @property {number} at when its final prompt was sent
 * @property {string} outcome "" until decided, or if the app sends no decisions
 * @property {string} act
 * @property {string} rule
 * @property {number | null} firstWordS
 * @property {number | null} decisionS
 * @property {number | null} pausedS
 */

/** Outcomes after which the guide is asked. */
const TURNS = new Set(["asked", "extended", "cancelled", ""]);

export class Figures {
  constructor() {
    /** @type {Exchange[]} */
    this.exchanges = [];
  }

  /** @param {import("../call/call-log.js").Entry} entry */
  take({ t, dir, frame }) {
    if (dir === "in" && frame.type === "prompt" && frame.last) this._add(frame.voicePrompt, t);
    if (dir !== "note") return;
    if (frame.type === "written" && frame.opens && frame.cycle > 0) this._answered(t);
    if (frame.type === "decision") this._decided(frame, t);
  }

  /** How many turns the guide was asked about. */
  get turns() {
    return this.exchanges.filter(({ outcome }) => ["asked", "cancelled"].includes(outcome)).length;
  }

  /** How many interruptions had each outcome. @returns {Map<string, number>} */
  get interruptions() {
    const counts = new Map();
    for (const { outcome } of this.exchanges) {
      if (!outcome || outcome === "asked" || outcome === "extended") continue;
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return counts;
  }

  /** The median time to the first word; null if there is none. */
  get firstWordS() {
    const times = this.exchanges.map(({ firstWordS }) => firstWordS).filter((s) => s !== null);
    return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? null;
  }

  _add(said, at) {
    const nothingYet = { outcome: "", act: "", rule: "", firstWordS: null, decisionS: null, pausedS: null };
    this.exchanges.push({ said, at, ...nothingYet });
    return this.exchanges.at(-1);
  }

  _answered(t) {
    const last = this.exchanges.findLast(({ said }) => said);
    if (last && TURNS.has(last.outcome)) last.firstWordS ??= t - last.at;
  }

  _decided({ outcome, act, rule, said, paused_for_s: pausedS }, t) {
    const isAbout = (one) => !one.outcome && one.said === said;
    const sent = said ? this.exchanges.find(isAbout) : undefined;
    const decisionS = sent ? t - sent.at : null; // null if decided before the words were final
    const about = sent ?? this._add(said, t);
    Object.assign(about, { outcome, act, rule, pausedS, decisionS });
    // The first words after this belong to the resumed reply, not to an answer.
    if (!TURNS.has(outcome)) about.firstWordS = null;
  }
}
