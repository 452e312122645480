/**
 * The caller's voice as a transcriber hears it: words that come in bit by bit, and silences.
 *
 * Pure. Time is an argument, in seconds. There are two sources. What is typed is planned as sounds on
 * the time line, at the pace at which one would say it, and `step` makes them out; an utterance is
 * over when the caller has been silent for a while. What a microphone's transcriber makes out comes in
 * by `makesOut` and `ends`. There is one utterance at a time: what is typed waits for the
 * voice to be silent, and what is said aloud meanwhile is heard after it.
 *
 * @typedef {{on: true} | {madeOut: string} | {off: string}} Heard
 *   The caller has begun to make a sound; the utterance so far; it is over (no text for a cough).
 */

import { wordsOf } from "./clauses.js";

const RECOGNITION_S = 0.3; // from the beginning of a word to its text
const COUGH_S = 0.5;

export class Hearing {
  /**
   * @param {object} how
   * @param {number} how.wordsPerSecond the pace of what is typed
   * @param {number} how.silenceS the silence that ends what is typed
   */
  constructor({ wordsPerSecond, silenceS }) {
    /** Whether an utterance is going on. */
    this.speaking = false;
    this._pace = wordsPerSecond;
    this._silenceS = silenceS;
    this._coming = [];
    this._voiceUntil = 0;
    this._madeOutUntil = 0;
    this._text = "";
    this._isVoice = false;
    /** @type {string[]} */
    this._saidMeanwhile = [];
  }

  /** What has been made out of an utterance that is not over. */
  get unfinished() {
    return this._text;
  }

  // -- what is typed ------------------------------------------------------------------------------

  /** Say `text` as soon as what is being said is over. */
  speak(text, now) {
    for (const word of wordsOf(text)) this._plan(now, 1 / this._pace, word);
  }

  /** Make a sound that is no word. */
  cough(now) {
    this._plan(now, COUGH_S, "");
  }

  _plan(now, seconds, word) {
    const start = Math.max(now, this._voiceUntil);
    this._voiceUntil = start + seconds;
    this._coming.push({ start, end: this._voiceUntil, word });
  }

  /** When `step` is wanted; null while nothing that was typed is being said. */
  get deadline() {
    if (this.speaking && this._isVoice) return null;
    if (this._utteranceEndsNext()) return this._madeOutUntil + this._silenceS;
    return this._coming.length ? this._coming[0].start + RECOGNITION_S : null;
  }

  /** What is made out at the current deadline. @returns {Heard[]} */
  step() {
    if (this._utteranceEndsNext()) return [...this._over(this._text), ...this._heardMeanwhile()];
    const sound = this._coming.shift();
    this._madeOutUntil = sound.end;
    this._text = `${this._text} ${sound.word}`.trim();
    return [...this._on(false), { madeOut: this._text }];
  }

  _utteranceEndsNext() {
    if (!this.speaking || this._isVoice) return false;
    return !this._coming.length || this._coming[0].start >= this._madeOutUntil + this._silenceS;
  }

  _heardMeanwhile() {
    const said = this._saidMeanwhile;
    this._saidMeanwhile = [];
    return said.flatMap((text) => [...this._on(true), { madeOut: text }, ...this._over(text)]);
  }

  // -- what a microphone hears --------------------------------------------------------------------

  /** This much of the utterance has been made out. @returns {Heard[]} */
  makesOut(text) {
    if (this._isTyping()) return [];
    this._text = text;
    return [...this._on(true), { madeOut: text }];
  }

  /** The utterance is over; without text it was no word. @returns {Heard[]} */
  ends(text, now) {
    if (this._isTyping()) {
      if (text) this._saidMeanwhile.push(text);
      return [];
    }
    if (!this.speaking && !text) return [];
    const first = text && !this._text ? this.makesOut(text) : [];
    const heard = [...first, ...this._over(text)];
    this._delayTyped(now);
    return heard;
  }

  _isTyping() {
    return this.speaking && !this._isVoice;
  }

  /** What was typed while the voice spoke is said from now on. */
  _delayTyped(now) {
    const delay = this._coming.length ? Math.max(0, now - this._coming[0].start) : 0;
    this._coming = this._coming.map(({ start, end, word }) => ({
      start: start + delay,
      end: end + delay,
      word,
    }));
    this._voiceUntil += delay;
  }

  // -- utterances ---------------------------------------------------------------------------------

  _on(isVoice) {
    if (this.speaking) return [];
    this.speaking = true;
    this._isVoice = isVoice;
    return [{ on: true }];
  }

  _over(text) {
    this.speaking = false;
    this._text = "";
    return [{ off: text }];
  }
}
