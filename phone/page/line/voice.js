/**
 * The caller's voice as a transcriber hears it: words recognized one by one, and silences.
 *
 * Pure. Time is an argument, in seconds. There are two sources. Typed text is scheduled as sounds at a
 * speaking pace, and `step` recognizes them; a silence ends the utterance. The microphone's transcriber
 * reports through `recognizes` and `ends`. There is one utterance at a time: typed text waits until the
 * voice is silent, and speech meanwhile is heard after the typed text.
 *
 * @typedef {{on: true} | {recognized: string} | {off: string}} Heard
 *   The caller made a sound; the utterance so far; the finished utterance ("" for a cough).
 */

import { wordsOf } from "./clauses.js";

const RECOGNITION_S = 0.3; // from the beginning of a word to its text
const COUGH_S = 0.5;

export class CallerVoice {
  /**
   * @param {object} how
   * @param {number} how.wordsPerSecond the pace of typed text
   * @param {number} how.silenceS the silence that ends a typed utterance
   */
  constructor({ wordsPerSecond, silenceS }) {
    /** Whether an utterance is in progress. */
    this.speaking = false;
    this._pace = wordsPerSecond;
    this._silenceS = silenceS;
    this._coming = [];
    this._voiceUntil = 0;
    this._recognizedUntil = 0;
    this._text = "";
    this._isVoice = false;
    /** @type {string[]} */
    this._saidMeanwhile = [];
  }

  /** The words recognized so far of an unfinished utterance. */
  get unfinished() {
    return this._text;
  }

  // -- typed text ---------------------------------------------------------------------------------

  /** Say `text` after anything still being said. */
  speak(text, now) {
    for (const word of wordsOf(text)) this._plan(now, 1 / this._pace, word);
  }

  /** Make a sound without words. */
  cough(now) {
    this._plan(now, COUGH_S, "");
  }

  _plan(now, seconds, word) {
    const start = Math.max(now, this._voiceUntil);
    this._voiceUntil = start + seconds;
    this._coming.push({ start, end: this._voiceUntil, word });
  }

  /** When to call `step`; null if no typed text is being said. */
  get deadline() {
    if (this.speaking && this._isVoice) return null;
    if (this._utteranceEndsNext()) return this._recognizedUntil + this._silenceS;
    return this._coming.length ? this._coming[0].start + RECOGNITION_S : null;
  }

  /** Recognize what is due at the current deadline. @returns {Heard[]} */
  step() {
    if (this._utteranceEndsNext()) return [...this._over(this._text), ...this._heardMeanwhile()];
    const sound = this._coming.shift();
    this._recognizedUntil = sound.end;
    this._text = `${this._text} ${sound.word}`.trim();
    return [...this._on(false), { recognized: this._text }];
  }

  _utteranceEndsNext() {
    if (!this.speaking || this._isVoice) return false;
    return !this._coming.length || this._coming[0].start >= this._recognizedUntil + this._silenceS;
  }

  _heardMeanwhile() {
    const said = this._saidMeanwhile;
    this._saidMeanwhile = [];
    return said.flatMap((text) => [...this._on(true), { recognized: text }, ...this._over(text)]);
  }

  // -- the microphone -----------------------------------------------------------------------------

  /** Take the utterance so far. @returns {Heard[]} */
  recognizes(text) {
    if (this._isTyping()) return [];
    this._text = text;
    return [...this._on(true), { recognized: text }];
  }

  /** Take the finished utterance; "" if it had no words. @returns {Heard[]} */
  ends(text, now) {
    if (this._isTyping()) {
      if (text) this._saidMeanwhile.push(text);
      return [];
    }
    if (!this.speaking && !text) return [];
    const first = text && !this._text ? this.recognizes(text) : [];
    const heard = [...first, ...this._over(text)];
    this._delayTyped(now);
    return heard;
  }

  _isTyping() {
    return this.speaking && !this._isVoice;
  }

  /** Delay text that was typed while the voice spoke, so that it begins now. */
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
