/**
 * One call on the relay: hears the caller, speaks the app's words, and reports both to the app.
 *
 * Pure. Every method takes `now` (seconds on a clock that never goes back) and returns the frames to
 * send to the app, in order; `deadline` says when `advance` wants to be called. Once `closing` is set
 * the call is over, nothing more is accepted and nothing more is sent.
 *
 * Barge-in on the wire is one burst (seen on live calls): `clientSpeaking` on, the heard fragment in
 * `tokensPlayed`, `interrupt`, the first partial prompt, `agentSpeaking` off. A pressed key precedes
 * the interrupt it causes.
 *
 * Where sources disagree, this line assumes the worst: speech over the agent is delivered only if
 * `reportInputDuringAgentSpeech` asks for it, even if it interrupts. That covers keys, and the whole of
 * an utterance that began over the agent. `end` drops whatever was not yet spoken.
 *
 * @typedef {import("./frames.js").Frame} Frame
 *
 * @typedef {object} Closing  How the session ended, for closing the socket and the action request.
 * @property {number} at
 * @property {number} code
 * @property {string} reason
 * @property {"completed" | "ended" | "failed"} sessionStatus
 * @property {"completed" | "in-progress"} callStatus
 * @property {string} [handoffData]
 */

import { languageOfPrompts } from "./attributes.js";
import { isBackchannel } from "./backchannel.js";
import { wordsOf } from "./clauses.js";
import * as frames from "./frames.js";
import { CallerVoice } from "./voice.js";
import { Player } from "./player.js";
import { MalformedFrameError, parse } from "./frame-schema.js";

/** The number of malformed frames in a row that closes the session. */
export const MOST_MALFORMED = 10;

const CALLER_WORDS_PER_SECOND = 3;
const SILENCE_S = 0.5; // ends an utterance if `speechTimeout` is `auto`
const WORDS_TO_INTERRUPT = { high: 1, medium: 2, low: 3 };
const HANGING_UP = "Closing websocket session";

export class Line {
  /**
   * @param {frames.Identity} identity
   * @param {import("./attributes.js").RelayAttributes} relay
   * @param {{wordsPerSecond?: number}} [manner] the agent's pace without a voice
   */
  constructor(identity, relay, { wordsPerSecond = 2.5 } = {}) {
    /** @type {Closing | null} */
    this.closing = null;
    this.relay = relay;
    this._identity = identity;
    this._notes = [];
    this._tell = (note) => this._notes.push(note);
    this._player = new Player({ wordsPerSecond, tell: this._tell });
    this._voice = new CallerVoice({
      wordsPerSecond: CALLER_WORDS_PER_SECOND,
      silenceS: relay.speechTimeoutS ?? SILENCE_S,
    });
    this._now = 0;
    this._malformedInARow = 0;
    this._ttsLanguage = relay.ttsLanguage;
    this._promptLanguage = languageOfPrompts(relay, relay.transcriptionLanguage);
    /** The language in which the caller is currently transcribed. */
    this.transcriptionLanguage = relay.transcriptionLanguage;
    this._beganOverAgent = false;
  }

  /** The notes since the last call of this, in order. */
  takeNotes() {
    return this._notes.splice(0);
  }

  /** Whether the agent is audible right now. */
  get agentIsSpeaking() {
    return this._player.playing !== null;
  }

  /** When to call `advance` next; null if nothing is due. */
  get deadline() {
    if (this.closing) return null;
    const at = Math.min(this._player.deadline ?? Infinity, this._voice.deadline ?? Infinity);
    return at === Infinity ? null : at;
  }

  // -- time and frames ----------------------------------------------------------------------------

  /** Begin the session: send `setup` and speak the greeting. @returns {Frame[]} */
  start(now) {
    this._now = now;
    const { welcomeGreeting, welcomeGreetingInterruptible: interruptible, parameters } = this.relay;
    const terms = { interruptible, preemptible: false, lang: this._ttsLanguage };
    this._player.greet(welcomeGreeting, terms, now);
    return [frames.setup(this._identity, parameters)];
  }

  /** Do everything due by `now`. @returns {Frame[]} */
  advance(now) {
    const out = [];
    for (let at = this.deadline; at !== null && at <= now; at = this.deadline) {
      this._now = Math.max(this._now, at);
      if (at === this._player.deadline) out.push(...this._subscribed(this._player.step(at)));
      else out.push(...this._hear(this._voice.step(), at));
    }
    this._now = Math.max(this._now, now);
    return out;
  }

  /** Handle a frame from the app. @returns {Frame[]} */
  receive(raw, now) {
    return this._then(now, () => {
      try {
        const frame = parse(raw);
        this._malformedInARow = 0;
        this._perform(frame);
        return [];
      } catch (error) {
        if (!(error instanceof MalformedFrameError)) throw error;
        return this._refuse(raw);
      }
    });
  }

  _then(now, act) {
    const out = this.advance(now);
    return this.closing ? out : [...out, ...act(this._now)];
  }

  // -- the caller ---------------------------------------------------------------------------------

  /** The caller says `text`, after anything still being said. */
  speaks(text, now) {
    return this._then(now, (at) => {
      this._tell({ type: "said", at, text });
      this._voice.speak(text, at);
      return [];
    });
  }

  /** The caller makes a sound without words: it interrupts, but no prompt follows. */
  coughs(now) {
    return this._then(now, (at) => {
      this._tell({ type: "said", at, text: "(coughs)" });
      this._voice.cough(at);
      return [];
    });
  }

  /** The transcriber has recognized this much of the utterance. */
  recognizes(text, now) {
    return this._then(now, (at) => this._hear(this._voice.recognizes(text), at));
  }

  /** The transcriber has the whole utterance; `text` is "" if there were no words. */
  hearsSilence(text, now) {
    return this._then(now, (at) => {
      if (text) this._tell({ type: "said", at, text });
      return this._hear(this._voice.ends(text, at), at);
    });
  }

  /** The caller presses a key; no effect without `dtmfDetection`. */
  presses(digit, now) {
    return this._then(now, (at) => {
      this._tell({ type: "said", at, text: `(presses ${digit})` });
      if (!this.relay.dtmfDetection) return [];
      const out = [];
      if (!this.agentIsSpeaking || this._reports("dtmf")) out.push(frames.dtmf(digit));
      if (this._mayInterrupt("dtmf")) {
        out.push(...this._interrupt(), ...this._subscribed([frames.agentSpeaking(false)]));
      }
      return out;
    });
  }

  /** The caller hangs up. */
  hangsUp(now) {
    return this._then(now, (at) => {
      this._tell({ type: "said", at, text: "(hangs up)" });
      const out = [];
      const { unfinished } = this._voice;
      if (unfinished && this.relay.partialPromptOnHangup && this._isReported()) {
        out.push(frames.prompt(unfinished, this._promptLanguage, true));
      }
      this._close("hang up", 1000, HANGING_UP, "completed", "completed");
      return out;
    });
  }

  /** The app's socket closed without an `end`: a failure, whatever the code. */
  losesApp(now, code = 1006, reason = "") {
    return this._then(now, () => {
      this._close("dropped", code, reason, "failed", "in-progress");
      return [];
    });
  }

  // -- the agent's voice --------------------------------------------------------------------------

  /** The segments for the voice to speak: the current one and the next. */
  get forVoice() {
    return this._player.forVoice;
  }

  /** Set whether a voice speaks from now on, or words only appear. */
  setVoiced(voiced, now) {
    return this._then(now, (at) => this._subscribed(this._player.setVoiced(voiced, at)));
  }

  /** Set the pace without a voice, from the next clause on. */
  setPace(wordsPerSecond) {
    this._player.pace = wordsPerSecond;
  }

  /** The voice has begun a segment. */
  voiceBegins(id, now) {
    return this._then(now, (at) => this._subscribed(this._player.voiceBegins(id, at)));
  }

  /** The voice has said the first words of a segment. */
  voiceReaches(id, words, now) {
    return this._then(now, (at) => this._player.voiceReaches(id, words, at) ?? []);
  }

  /** The voice has come to the end of a segment. */
  voiceEnds(id, now) {
    return this._then(now, (at) => this._subscribed(this._player.voiceEnds(id, at)));
  }

  // -- frames from the app ------------------------------------------------------------------------

  _perform(frame) {
    const now = this._now;
    switch (frame.type) {
      case "text":
        this._player.say(frame.token, this._terms(frame), now, frame.last ?? false);
        break;
      case "play": {
        const terms = this._terms({ preemptible: false, ...frame });
        this._player.play(frame.source, frame.loop ?? 1, terms, now);
        break;
      }
      case "sendDigits": {
        const terms = this._terms({ preemptible: false });
        this._player.sendDigits(frame.digits, terms, now, this._voice.speaking);
        break;
      }
      case "language":
        this._ttsLanguage = frame.ttsLanguage ?? this._ttsLanguage;
        this.transcriptionLanguage = frame.transcriptionLanguage ?? this.transcriptionLanguage;
        this._promptLanguage = languageOfPrompts(this.relay, this.transcriptionLanguage);
        break;
      case "end":
        this._close("end", 1000, HANGING_UP, "ended", "in-progress", frame.handoffData);
        break;
      default:
        throw new Error(`the schema accepts a frame that the line does not handle: ${frame.type}`);
    }
  }

  /** A frame's own settings, with the session's as defaults. */
  _terms({ interruptible, preemptible = this.relay.preemptible, lang = this._ttsLanguage }) {
    const own = interruptible ? "any" : "none";
    const by = interruptible === undefined ? this.relay.interruptible : own;
    return { interruptible: by, preemptible, lang };
  }

  _refuse(raw) {
    this._malformedInARow += 1;
    if (this._malformedInARow === MOST_MALFORMED) {
      const reason = "Too many consecutive malformed messages.";
      this._close("dropped", 1007, reason, "failed", "in-progress");
    }
    return [frames.error(String(raw))];
  }

  _close(why, code, reason, sessionStatus, callStatus, handoffData = undefined) {
    this._player.hush(why, this._now);
    this.closing = { at: this._now, code, reason, sessionStatus, callStatus, handoffData };
  }

  // -- events of the caller's voice ---------------------------------------------------------------

  _hear(events, at) {
    const out = [];
    let interrupted = false;
    for (const event of events) {
      if (event.on) {
        this._beganOverAgent = this.agentIsSpeaking;
        this._tell({ type: "callerVoice", at, on: true });
        out.push(...this._subscribed([frames.clientSpeaking(true)]));
      } else if (event.recognized !== undefined) {
        this._tell({ type: "recognized", at, text: event.recognized });
        if (this._takesTheFloor(event.recognized)) {
          interrupted = true;
          out.push(...this._interrupt());
        }
        out.push(...this._partial(event.recognized));
      } else {
        this._tell({ type: "callerVoice", at, on: false });
        out.push(...this._subscribed([frames.clientSpeaking(false)]), ...this._final(event.off, at));
      }
    }
    return [...out, ...this._subscribed(interrupted ? [frames.agentSpeaking(false)] : [])];
  }

  /** Whether the words so far interrupt; at `high`, a sound without words does too. */
  _takesTheFloor(text) {
    if (!this._mayInterrupt("speech") || this._isIgnored(text)) return false;
    const needed = WORDS_TO_INTERRUPT[this.relay.interruptSensitivity];
    return needed === 1 || wordsOf(text).length >= needed;
  }

  _partial(text) {
    const wanted = this.relay.partialPrompts && text && !this._isIgnored(text);
    if (!wanted || !this._isReported()) return [];
    return [frames.prompt(text, this._promptLanguage, false)];
  }

  _final(text, at) {
    if (!text) return [];
    const reported = this._isReported() && !this._isIgnored(text);
    this._tell({ type: "transcribed", at, text, reported });
    return reported ? [frames.prompt(text, this._promptLanguage, true)] : [];
  }

  /** Whether the current utterance is sent to the app. */
  _isReported() {
    return !this._beganOverAgent || this._reports("speech");
  }

  /** Whether `ignoreBackchannel` hides an utterance. */
  _isIgnored(text) {
    return this.relay.ignoreBackchannel && isBackchannel(wordsOf(text));
  }

  _reports(kind) {
    return [kind, "any"].includes(this.relay.reportInputDuringAgentSpeech);
  }

  _mayInterrupt(kind) {
    return [kind, "any"].includes(this._player.playing?.interruptible);
  }

  /** Stop the agent and report what was heard. The silence is left to the calling method to report. */
  _interrupt() {
    const { fragment, durationMs } = this._player.interrupt(this._now);
    const heard = fragment ? [frames.tokensPlayed(fragment)] : [];
    return [...this._subscribed(heard), frames.interrupt(fragment.trim(), durationMs)];
  }

  /** The `info` frames among these that `events` subscribes to. */
  _subscribed(reports) {
    return reports.filter(({ name }) =>
      name === "tokensPlayed" ? this.relay.tokensPlayed : this.relay.speakerEvents,
    );
  }
}
