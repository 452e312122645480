/**
 * Who spoke when: spans of the two lanes, overlaps, pauses and decisions. Pure: a fold over the entries
 * of a call. Times are seconds since setup.
 *
 * @typedef {{from: number, to: number | null}} Span  `to` is null while it lasts
 */

export class Timeline {
  constructor() {
    /** @type {Span[]} */
    this.agent = [];
    /** @type {Span[]} */
    this.caller = [];
    /** From an interruption to its decision. @type {Span[]} */
    this.pauses = [];
    /** @type {{at: number, decision: import("./conversation.js").Decision}[]} */
    this.decisions = [];
  }

  /** @param {import("../call/call-log.js").Entry} entry */
  take({ t, dir, frame }) {
    if (dir === "in" && frame.type === "interrupt") this.pauses.push({ from: t, to: null });
    if (dir !== "note") return;
    if (frame.type === "agentVoice") {
      mark(this.agent, frame.on, t);
      if (frame.on) mark(this.pauses, false, t); // if the app sends no decisions
    }
    if (frame.type === "callerVoice") mark(this.caller, frame.on, t);
    if (frame.type === "decision") {
      this.decisions.push({ at: t, decision: frame });
      if (frame.outcome !== "gave up") mark(this.pauses, false, t);
    }
  }

  /** End every open span: the call is over. @param {number} t */
  end(t) {
    for (const lane of [this.agent, this.caller, this.pauses]) mark(lane, false, t);
  }

  /** When both spoke at once. @param {number} now @returns {{from: number, to: number}[]} */
  overlaps(now) {
    const both = [];
    for (const a of this.agent) {
      for (const c of this.caller) {
        const from = Math.max(a.from, c.from);
        const to = Math.min(a.to ?? now, c.to ?? now);
        if (from < to) both.push({ from, to });
      }
    }
    return both;
  }

  /** The total length of a lane's spans. @param {Span[]} lane @param {number} now */
  static total(lane, now) {
    return lane.reduce((sum, { from, to }) => sum + (to ?? now) - from, 0);
  }
}

function mark(lane, on, t) {
  const last = lane.at(-1);
  if (on) lane.push({ from: t, to: null });
  else if (last?.to === null) last.to = t;
}
