/**
 * The conversation as displayed: who said what, how much of it was heard, where the caller interrupted
 * and what was decided. Pure: a fold over the entries of a call.
 *
 * @typedef {object} Decision  As sent by the app.
 * @property {string} outcome
 * @property {string} act
 * @property {string} rule
 * @property {string} said
 * @property {string} state_after
 * @property {number | null} paused_for_s
 *
 * @typedef {object} AgentTurn  The agent's words of one talk cycle.
 * @property {"agent"} who
 * @property {number} id
 * @property {string[]} words
 * @property {number} heard how many of them the caller has heard
 * @property {boolean} sounds whether the next one is being spoken
 * @property {{reason: string, decision: Decision | null} | null} cut why the rest was not heard
 * @property {{at: number, caller: CallerTurn}[]} overlaps what the caller said over it, and after
 *   how many words
 * @property {boolean} resumes whether it resumes a reply that was cut
 *
 * @typedef {object} CallerTurn  One utterance or action of the caller.
 * @property {"caller"} who
 * @property {number} id
 * @property {string} text the words recognized so far
 * @property {string} saying the full text, if typed
 * @property {boolean} isFinal
 * @property {boolean} isSound whether it is an action or a noise, not words
 * @property {boolean} overAgent
 * @property {boolean} reported whether it was sent to the app
 * @property {Decision | null} decision
 */

import { wordsOf } from "../line/clauses.js";

/** Outcomes that settle a reply that was cut. */
const ON_A_CUT = new Set(["resumed", "cancelled", "gave up"]);

export class Conversation {
  constructor() {
    /** @type {(AgentTurn | CallerTurn)[]} */
    this.turns = [];
    /** Who has the floor. @type {"listening" | "thinking" | "speaking" | "paused"} */
    this.floor = "listening";
    this._cycles = new Map();
    this._written = new Map();
    this._agentOn = false;
    /** @type {AgentTurn | undefined} */
    this._sounding = undefined;
    /** The caller's current utterance. @type {CallerTurn | null} */
    this._utterance = null;
    /** The turn that was cut and awaits a decision. @type {AgentTurn | null} */
    this._undecided = null;
    this._cancelled = null;
    this._nextResumes = false;
    this._handlers = {
      written: this._agentWrites,
      sounds: this._agentSounds,
      word: ({ cycle, heard }) => (this._cycles.get(cycle).heard = heard),
      agentVoice: this._agentVoice,
      cut: this._cut,
      said: this._callerSays,
      callerVoice: this._callerVoice,
      recognized: this._recognized,
      transcribed: this._transcribed,
      decision: this._decided,
    };
  }

  /** @param {import("../call/call-log.js").Entry} entry */
  take({ dir, frame }) {
    if (dir === "note") this._handlers[frame.type]?.call(this, frame);
    else if (frame.type === "interrupt") this.floor = "paused";
    else if (frame.type === "prompt" && frame.last && this.floor === "listening") {
      this.floor = "thinking";
    }
  }

  // -- the agent ----------------------------------------------------------------------------------

  _agentWrites({ cycle, text, opens }) {
    if (opens) this._openCycle(cycle);
    const written = this._written.get(cycle) + text;
    this._written.set(cycle, written);
    this._cycles.get(cycle).words = wordsOf(written);
  }

  _openCycle(cycle) {
    const turn = {
      who: "agent",
      words: [],
      heard: 0,
      sounds: false,
      cut: null,
      overlaps: [],
      resumes: this._nextResumes,
    };
    this._nextResumes = false;
    this._cycles.set(cycle, this._add(turn));
    this._written.set(cycle, "");
  }

  _agentSounds({ cycle }) {
    if (this._sounding) this._sounding.sounds = false;
    this._sounding = this._cycles.get(cycle);
    this._sounding.sounds = true;
    this.floor = "speaking";
  }

  _agentVoice({ on }) {
    this._agentOn = on;
    if (on) return;
    if (this._sounding) this._sounding.sounds = false;
    this._sounding = undefined;
    if (this.floor === "speaking") this.floor = "listening";
  }

  _cut({ cycle, reason }) {
    const turn = this._cycles.get(cycle);
    turn.sounds = false;
    if (turn.heard >= turn.words.length) return;
    // A reply is preempted only after it was cancelled.
    turn.cut ??= { reason, decision: reason === "preempted" ? this._cancelled : null };
    if (reason === "interrupt") this._undecided = turn;
  }

  // -- the caller ---------------------------------------------------------------------------------

  _callerSays({ text }) {
    const isCough = text === "(coughs)";
    if (/^\(.*\)$/.test(text) && !isCough) {
      this._add(newCallerTurn({ text: text.slice(1, -1), isFinal: true, isSound: true }));
      return;
    }
    this._utterance ??= this._add(newCallerTurn({ overAgent: this._agentOn }));
    this._utterance.saying = `${this._utterance.saying} ${isCough ? "" : text}`.trim();
    this._utterance.isSound = !this._utterance.saying;
  }

  _callerVoice({ on }) {
    if (on) {
      this._utterance ??= this._add(newCallerTurn({}));
      this._utterance.overAgent = this._agentOn;
      const at = this._sounding?.heard;
      this._sounding?.overlaps.push({ at, caller: this._utterance });
    } else if (this._utterance && !this._utterance.text) {
      // `transcribed` follows if there were words; here there were none.
      this._utterance.isFinal = true;
      this._utterance = null;
    }
  }

  _recognized({ text }) {
    if (text) this._utterance.text = text;
  }

  _transcribed({ text, reported }) {
    Object.assign(this._utterance, { text, reported, isFinal: true });
    this._utterance = null;
  }

  // -- the app ------------------------------------------------------------------------------------

  /** @param {Decision} decision */
  _decided(decision) {
    const { outcome, said, state_after: floor } = decision;
    if (floor !== "ended") this.floor = floor;
    const about = this._callerTurnAbout(said);
    if (about) about.decision = decision;
    if (outcome === "cancelled") this._cancelled = decision;
    if (!this._undecided || !ON_A_CUT.has(outcome)) return;
    this._undecided.cut.decision = decision;
    if (outcome === "gave up") return; // the final transcript decides
    if (outcome === "resumed") this._markResumptionAfter(this._undecided);
    this._undecided = null;
  }

  _callerTurnAbout(said) {
    const isOpen = ({ who, decision }) =>
      who === "caller" && (decision === null || decision.outcome === "gave up");
    const undecided = this.turns.filter(isOpen);
    if (!said) return undecided.findLast((turn) => turn.isSound);
    return (
      undecided.find((turn) => turn.isFinal && turn.text === said) ??
      undecided.findLast((turn) => turn.text)
    );
  }

  /** Mark the next talk cycle as resuming the cut reply; it may have begun already. */
  _markResumptionAfter(cut) {
    const later = this.turns.slice(cut.id + 1);
    const next = later.find((turn) => turn.who === "agent");
    if (next) next.resumes = true;
    else this._nextResumes = true;
  }

  _add(turn) {
    this.turns.push({ id: this.turns.length, ...turn });
    return this.turns.at(-1);
  }
}

function newCallerTurn(known) {
  return {
    who: "caller",
    text: "",
    saying: "",
    isFinal: false,
    isSound: false,
    overAgent: false,
    reported: true,
    decision: null,
    ...known,
  };
}
