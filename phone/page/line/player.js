/**
 * The playback queue: what the agent says, segment by segment, and how much of it was heard.
 *
 * Pure. Time is an argument, in seconds. `deadline` says when to call `step`. Methods return frames
 * about the playback whether or not the app subscribed to them; the line filters.
 *
 * A segment is timed in one of two ways. Without a voice, its words pass at a speaking pace. With one
 * (`voiced`), the voice reports when it begins, which word it has reached, and when it ends; if it does
 * not report words, they are estimated from the pace.
 *
 * What is known of the wire:
 *
 * - Tokens add up in the open talk cycle. A clause is played once it ends (at `, . ; : ? !` with a
 *   space after it, or where `last: true` closes the cycle); an unclosed tail waits for more.
 * - A segment is reported when it is over, and the agent falls silent in the same instant as the last
 *   one is reported.
 * - A new talk cycle replaces preemptible audio of the cycles before it: what waits is dropped at
 *   once, what is being played about 100 ms later, with a report of the part that was heard and no
 *   silence reported in between. A frame of the same cycle replaces nothing.
 * - `play` and `sendDigits` close the open talk cycle and form one of their own; a frame without words
 *   opens none; the greeting is not preemptible.
 *
 * @typedef {import("./frames.js").Frame} Frame
 *
 * @typedef {object} Terms  What may cut a segment off, and its language.
 * @property {import("./attributes.js").InputKind} interruptible
 * @property {boolean} preemptible
 * @property {string} lang
 *
 * @typedef {object} Clip  One item of the queue: a segment of speech, a file, or tones.
 * @property {number} id
 * @property {number} cycle
 * @property {string} text
 * @property {string[]} words
 * @property {number} seconds
 * @property {Terms} terms
 * @property {number} readyAt
 *
 * @typedef {"interrupt" | "preempted" | "end" | "hang up" | "dropped"} CutReason
 */

import { firstWords, splitClauses, wordsOf } from "./clauses.js";
import * as frames from "./frames.js";

/** The number of the greeting's talk cycle; those of the app count from 1. */
export const GREETING = 0;

const START_LATENCY_S = 0.3; // from the first playable segment to its sound
const GREETING_LATENCY_S = 0.5; // from `setup` to the greeting's first sound
const DIGITS_LATENCY_S = 2.0; // from `sendDigits` to its first tone on an idle line
const PREEMPTION_S = 0.1; // from the frame that replaces audio to that audio falling silent
const TONE_S = 0.1;
const WAIT_DIGIT_S = 0.5;
const AUDIO_S = 3.0; // one loop of a played file, which is not fetched
const MOST_LOOPS = 1000;

export class Player {
  /**
   * @param {object} how
   * @param {number} how.wordsPerSecond the pace of speech without a voice
   * @param {(note: object) => void} how.tell receives a note of everything that happens
   */
  constructor({ wordsPerSecond, tell }) {
    /** Words per second, for segments that begin from now on. */
    this.pace = wordsPerSecond;
    /** Whether `agentSpeaking` was last reported as on. */
    this.speaking = false;
    this._tell = tell;
    this._voiced = false;
    this._voiceTellsWords = false;
    this._lastCycle = GREETING;
    this._lastClip = 0;
    this._open = null;
    this._tail = "";
    this._tailTerms = null;
    /** @type {Clip[]} */
    this._queue = [];
    this._startsAt = null;
    this._cutAt = null;
    this._replacing = false;
    this._soundingCycle = null;
    this._heardOfCycle = 0;
    this._forget();
  }

  // -- commands -----------------------------------------------------------------------------------

  /** Queue the greeting, before anything from the app. */
  greet(text, terms, now) {
    if (!text.trim()) return;
    this._tell({ type: "written", at: now, cycle: GREETING, text, opens: true });
    const { clauses, tail } = splitClauses(text);
    for (const clause of [...clauses, tail]) {
      if (clause.trim()) this._enqueueSpeech(GREETING, clause, terms, now, GREETING_LATENCY_S);
    }
  }

  /** Add a token to the open talk cycle, or open one. */
  say(token, terms, now, last) {
    if (this._open === null && !token.trim()) return;
    const opens = this._open === null;
    if (opens) this._open = this._beginCycle(now);
    if (!this._tail.trim()) this._tailTerms = terms;
    this._tell({ type: "written", at: now, cycle: this._open, text: token, opens });
    const { clauses, tail } = splitClauses(this._tail + token);
    this._tail = tail;
    for (const clause of clauses) {
      this._enqueueSpeech(this._open, clause, this._tailTerms, now, START_LATENCY_S);
      this._tailTerms = terms;
    }
    if (last) this._closeCycle(now);
  }

  /** Queue a file, as a talk cycle of its own. */
  play(source, loop, terms, now) {
    const label = `[plays ${source}]`;
    this._enqueueSound("", label, AUDIO_S * (loop || MOST_LOOPS), terms, now, START_LATENCY_S);
  }

  /** Queue tones, as a talk cycle of their own; without the usual latency if `atOnce`. */
  sendDigits(digits, terms, now, atOnce) {
    const seconds = [...digits].reduce((sum, d) => sum + (d === "w" ? WAIT_DIGIT_S : TONE_S), 0);
    const latency = atOnce ? 0 : DIGITS_LATENCY_S;
    this._enqueueSound(digits, `[keys ${digits}]`, seconds, terms, now, latency);
  }

  /** Stop the current segment and purge the queue. */
  interrupt(now) {
    const fragment = firstWords(this._playing.text, this._wordsHeard);
    const durationMs = Math.round((now - (this._started ?? now)) * 1000);
    this.hush("interrupt", now);
    return { fragment, durationMs };
  }

  /** Drop everything, playing or queued, without reporting it to the app. */
  hush(reason, now) {
    this._silenceSounding(reason, now);
    this._drop(this._queue, reason, now, this._tail);
    this._queue = [];
    this._open = null;
    this._tail = "";
    this._startsAt = null;
    this._replacing = false;
    this._speaks(false, now);
  }

  // -- the voice ----------------------------------------------------------------------------------

  /** Set whether a voice speaks the segments from now on; without one, the current segment goes on silently. */
  setVoiced(voiced, now) {
    this._voiced = voiced;
    if (voiced || !this._waitsForVoice) return [];
    this._waitsForVoice = false;
    if (this._started !== null) {
      this._started = now - this._wordsHeard / this.pace;
      return [];
    }
    return this._sounds(now);
  }

  /** The segments for the voice to speak: the current one and the next. */
  get forVoice() {
    if (!this._waitsForVoice) return [];
    const next = this._replacing ? undefined : this._queue[0];
    return next?.words.length ? [this._playing, next] : [this._playing];
  }

  /** The voice has begun a segment. */
  voiceBegins(id, now) {
    return this._isVoiced(id) && this._started === null ? this._sounds(now) : [];
  }

  /** The voice has said the first words of a segment. */
  voiceReaches(id, words, now) {
    this._voiceTellsWords = true;
    if (this._isVoiced(id) && this._started !== null) this._hear(words, now);
  }

  /** The voice has come to the end of a segment. */
  voiceEnds(id, now) {
    if (!this._isVoiced(id)) return [];
    const reports = this.voiceBegins(id, now);
    this._hear(this._playing.words.length, now);
    return [...reports, ...this._finish(now)];
  }

  _isVoiced(id) {
    return this._waitsForVoice && this._playing.id === id;
  }

  // -- playback -----------------------------------------------------------------------------------

  /** The terms of the audible segment; null in silence. @returns {Terms | null} */
  get playing() {
    const sounds = this._playing && (this._started !== null || this.speaking);
    return sounds ? this._playing.terms : null;
  }

  /** When to call `step`; null if nothing is due. @returns {number | null} */
  get deadline() {
    if (this._playing === null) return this._startsAt;
    const at = Math.min(this._nextWordAt(), this._endsAt(), this._cutAt ?? Infinity);
    return at === Infinity ? null : at;
  }

  /** Do the one thing due at `at`, the current deadline. @returns {Frame[]} */
  step(at) {
    if (this._playing === null) return this._start(at);
    if (at >= this._nextWordAt()) {
      this._hear(this._wordsHeard + 1, at);
      return [];
    }
    return at >= this._endsAt() ? this._finish(at) : this._replace(at);
  }

  _nextWordAt() {
    const words = this._playing.words.length;
    // With a voice, the last word counts as heard only when the voice reports its end.
    const known = this._waitsForVoice ? (this._voiceTellsWords ? 0 : words - 1) : words;
    const waits = this._started === null || this._wordsHeard >= known;
    return waits ? Infinity : this._started + (this._wordsHeard + 1) / this._clipPace;
  }

  _endsAt() {
    const { words, seconds } = this._playing;
    if (this._waitsForVoice || this._wordsHeard < words.length) return Infinity;
    return this._started + (words.length ? words.length / this._clipPace : seconds);
  }

  _start(at) {
    const clip = this._queue.shift();
    this._playing = clip;
    this._clipPace = this.pace;
    this._waitsForVoice = this._voiced && clip.words.length > 0;
    this._startsAt = this._cutAt = null;
    this._replacing = false;
    if (clip.cycle !== this._soundingCycle) this._heardOfCycle = 0;
    this._soundingCycle = clip.cycle;
    return this._waitsForVoice ? [] : this._sounds(at);
  }

  _sounds(at) {
    this._started = at;
    this._tell({ type: "sounds", at, cycle: this._playing.cycle });
    return this._speaks(true, at) ? [frames.agentSpeaking(true)] : [];
  }

  _hear(words, at) {
    const heard = Math.min(words, this._playing.words.length);
    if (heard <= this._wordsHeard) return;
    this._heardOfCycle += heard - this._wordsHeard;
    this._wordsHeard = heard;
    this._tell({ type: "word", at, cycle: this._playing.cycle, heard: this._heardOfCycle });
  }

  /** Report a finished segment and start the next without a gap. */
  _finish(at) {
    const { cycle, text, label } = this._playing;
    this._tell({ type: "heard", at, cycle, text: label ?? text });
    this._forget();
    const reports = text ? [frames.tokensPlayed(text)] : [];
    if (this._replacing) this._awaitSuccessor(at);
    else if (this._queue.length) reports.push(...this._start(at));
    else if (this._speaks(false, at)) reports.push(frames.agentSpeaking(false));
    return reports;
  }

  /** Stop a preemptible segment in favour of a later talk cycle. */
  _replace(at) {
    const fragment = firstWords(this._playing.text, this._wordsHeard);
    this._silenceSounding("preempted", at);
    this._awaitSuccessor(at);
    return fragment ? [frames.tokensPlayed(fragment)] : [];
  }

  _awaitSuccessor(at) {
    this._startsAt = this._queue.length ? Math.max(at, this._queue[0].readyAt) : null;
  }

  /** @returns {boolean} whether this is a change */
  _speaks(on, at) {
    if (this.speaking === on) return false;
    this.speaking = on;
    this._tell({ type: "agentVoice", at, on });
    return true;
  }

  _forget() {
    /** @type {Clip | null} */
    this._playing = null;
    this._started = null;
    this._wordsHeard = 0;
    this._waitsForVoice = false;
    this._cutAt = null;
  }

  // -- the queue ----------------------------------------------------------------------------------

  _beginCycle(now) {
    this._preempt(now);
    return ++this._lastCycle;
  }

  _closeCycle(now) {
    if (this._open !== null && this._tail.trim()) {
      this._enqueueSpeech(this._open, this._tail, this._tailTerms, now, START_LATENCY_S);
    }
    this._open = null;
    this._tail = "";
  }

  /** Drop the preemptible audio of all talk cycles so far. */
  _preempt(now) {
    const isDropped = (clip) => clip.terms.preemptible;
    this._drop(this._queue.filter(isDropped), "preempted", now);
    this._queue = this._queue.filter((clip) => !isDropped(clip));
    if (this._playing === null) {
      this._startsAt = this._queue.length ? this._queue[0].readyAt : null;
    } else if (isDropped(this._playing) && !this._replacing) {
      this._cutAt = now + PREEMPTION_S;
      this._replacing = true;
    }
  }

  _enqueueSpeech(cycle, text, terms, now, latency) {
    // A voice has a latency of its own.
    const readyAt = now + (this._voiced ? 0 : latency);
    this._enqueue({ cycle, text, words: wordsOf(text), terms, readyAt });
  }

  _enqueueSound(text, label, seconds, terms, now, latency) {
    this._closeCycle(now);
    const cycle = this._beginCycle(now);
    this._tell({ type: "written", at: now, cycle, text: label, opens: true });
    this._enqueue({ cycle, text, label, words: [], seconds, terms, readyAt: now + latency });
  }

  _enqueue(clip) {
    this._queue.push({ id: ++this._lastClip, ...clip });
    if (this._playing === null && this._startsAt === null) this._startsAt = clip.readyAt;
  }

  /** Note as cut the clips that will not be played, and the tail of the open cycle. */
  _drop(clips, reason, now, tail = "") {
    const lost = new Map();
    const add = (cycle, text) => lost.set(cycle, (lost.get(cycle) ?? "") + text);
    for (const clip of clips) add(clip.cycle, clip.words.length ? clip.text : "");
    if (this._open !== null && tail.trim()) add(this._open, tail);
    for (const [cycle, text] of lost) {
      this._tell({ type: "cut", at: now, reason, cycle, spoken: "", lost: text, sounding: false });
    }
  }

  _silenceSounding(reason, at) {
    const clip = this._playing;
    if (clip === null) return;
    const speech = clip.words.length ? clip.text : "";
    const spoken = firstWords(speech, this._wordsHeard);
    const lost = speech.slice(spoken.length);
    this._tell({ type: "cut", at, reason, cycle: clip.cycle, spoken, lost, sounding: true });
    this._forget();
  }
}
