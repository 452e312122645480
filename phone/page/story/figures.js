/**
 * What a call measured: for each thing the caller said how long the answer, the decision and the pause
 * took. Pure: a fold over the entries of a call. Times are seconds.
 *
 * The time to the first word is ours alone: from the final prompt that was sent to the first text that
 * came back. What transcribing and speaking take is the line's.
 *
 * @typedef {object} Exchange
 * @property {string} said "" for a noise or a silence
 * @property {number} at when its final prompt was sent
 * @property {string} outcome "" until it is decided, or where decisions are not told
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

  /** @param {import("../call/recording.js").Entry} entry */
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

  /** How many things said over the agent came to each outcome. @returns {Map<string, number>} */
  get interruptions() {
    const counts = new Map();
    for (const { outcome } of this.exchanges) {
      if (!outcome || outcome === "asked" || outcome === "extended") continue;
      counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    }
    return counts;
  }

  /** The middle one of the times to the first word; null without any. */
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
    const decisionS = sent ? t - sent.at : null; // some are made before the words are final
    const about = sent ?? this._add(said, t);
    Object.assign(about, { outcome, act, rule, pausedS, decisionS });
    // Of a reply that goes on, the first words are none of an answer.
    if (!TURNS.has(outcome)) about.firstWordS = null;
  }
}
