/**
 * The agent's voice: speaks clause by clause with speechSynthesis.
 *
 * Each clause is an utterance of its own: it can be stopped at once, and none is long enough for Chrome
 * to get stuck in. The next one is queued while one is spoken, which avoids a gap. Cancelled utterances
 * still fire events; their generation tells them apart.
 */

import { wordsOf } from "../line/clauses.js";

const BEGINS_WITHIN_MS = 4000;
const AFTER_CANCEL_MS = 40; // some browsers lose an utterance queued right after a cancel
const WORDS_PER_SECOND = 2.5;

export class Speaker {
  /**
   * @param {object} told
   * @param {(id: number) => void} told.begins
   * @param {(id: number, words: number) => void} told.reaches with the number of words spoken
   * @param {(id: number) => void} told.ends
   * @param {(why: string) => void} told.fails the voice has stopped working
   * @param {() => void} told.changes the list of voices has changed
   */
  constructor(told) {
    /** Whether to speak. */
    this.isOn = false;
    this.volume = 1;
    this.rate = 1;
    this._told = told;
    this._generation = 0;
    this._queued = [];
    window.speechSynthesis?.addEventListener?.("voiceschanged", told.changes);
  }

  /** Whether this browser has a voice. Voices may load late. */
  get isAble() {
    return (window.speechSynthesis?.getVoices() ?? []).length > 0;
  }

  /** Speak nothing, during a click: some browsers allow speech only after that. */
  unlock() {
    if (!this.isOn) return;
    window.speechSynthesis.resume();
    window.speechSynthesis.speak(new window.SpeechSynthesisUtterance(""));
  }

  /** Whether the voice for a language runs on this device, so that no words leave it. */
  isLocal(lang) {
    return this._voice(lang)?.localService ?? true;
  }

  /**
   * Speak these clauses in order, and nothing else.
   *
   * @param {import("../line/player.js").Clip[]} clips
   */
  speak(clips) {
    if (this._queued.length && this._queued[0].id !== clips[0]?.id) this._cancel();
    for (const [position, clip] of clips.entries()) {
      const queued = this._queued[position];
      if (queued === undefined) this._queue(clip);
      // A different clip is queued next; it is cancelled when its turn comes.
      else if (queued.id !== clip.id) return;
    }
  }

  _queue(clip) {
    const text = clip.text.trim();
    const utterance = new window.SpeechSynthesisUtterance(text);
    const voice = this._voice(clip.terms.lang);
    if (voice) utterance.voice = voice;
    utterance.lang = voice?.lang ?? clip.terms.lang;
    utterance.volume = this.volume;
    utterance.rate = this.rate;
    const generation = this._generation;
    const ifCurrent = (act) => (event) => {
      if (generation === this._generation) act(event);
    };
    const ends = wordEnds(text);
    utterance.onstart = ifCurrent(() => this._begins(clip));
    utterance.onboundary = ifCurrent(({ name, charIndex }) => {
      if (name && name !== "word") return;
      this._told.reaches(clip.id, ends.filter((end) => end <= charIndex).length);
    });
    utterance.onend = ifCurrent(() => this._ends(clip));
    utterance.onerror = ifCurrent(({ error }) => this._fails(error));
    // Chrome garbage-collects unreferenced utterances, and their events with them.
    this._queued.push({ id: clip.id, utterance });
    if (this._queued.length === 1) this._watch(BEGINS_WITHIN_MS, () => this._fails("no sound"));
    setTimeout(
      ifCurrent(() => window.speechSynthesis.speak(utterance)),
      performance.now() - this._cancelledAt < AFTER_CANCEL_MS ? AFTER_CANCEL_MS : 0,
    );
  }

  _begins(clip) {
    const expectedMs = (1000 * clip.words.length) / WORDS_PER_SECOND / this.rate;
    this._watch(3 * expectedMs + BEGINS_WITHIN_MS, () => {
      this._cancel(); // it got stuck
      this._told.ends(clip.id);
    });
    this._told.begins(clip.id);
  }

  _ends(clip) {
    this._queued.shift();
    if (this._queued.length) this._watch(BEGINS_WITHIN_MS, () => this._fails("no sound"));
    else clearTimeout(this._watchdog);
    this._told.ends(clip.id);
  }

  _fails(why) {
    this._cancel();
    this._told.fails(why);
  }

  _cancel() {
    this._generation += 1;
    this._queued = [];
    this._cancelledAt = performance.now();
    clearTimeout(this._watchdog);
    window.speechSynthesis.cancel();
  }

  _watch(ms, act) {
    clearTimeout(this._watchdog);
    this._watchdog = setTimeout(act, ms);
  }

  /** The best voice for a language: prefers a local voice, then the same region. */
  _voice(lang) {
    const wanted = lang.toLowerCase();
    const score = (voice) => {
      const tag = voice.lang.replace("_", "-").toLowerCase();
      if (tag.split("-")[0] !== wanted.split("-")[0]) return 0;
      return 4 + (tag === wanted ? 1 : 0) + (voice.localService ? 2 : 0) + (voice.default ? 0.5 : 0);
    };
    const voices = window.speechSynthesis?.getVoices() ?? [];
    const [best] = [...voices].sort((a, b) => score(b) - score(a));
    return best && score(best) ? best : null;
  }
}

function wordEnds(text) {
  let from = 0;
  return wordsOf(text).map((word) => (from = text.indexOf(word, from) + word.length));
}
