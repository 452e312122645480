/**
 * One call on the relay: hears the caller, speaks the app's words, and reports both to the app.
 *
 * Pure. Every method takes `now` (seconds on a clock that never goes back) and returns the frames to
 * send to the app, in order; `deadline` says when `advance` wants to be called. Once `closing` is set
 * the call is over, nothing more is accepted and nothing more is sent.
 *
 * How barge-in comes out on the wire, in one burst (seen on live calls): `clientSpeaking` on, the
 * heard fragment in `tokensPlayed`, `interrupt`, the first partial prompt, `agentSpeaking` off. A
 * pressed key comes before the interrupt that it causes.
 *
 * Where sources dispute, this line is the pessimist: what is said over the agent is delivered only
 * where `reportInputDuringAgentSpeech` asks for it, even if it interrupts; that holds for the whole of
 * an utterance that began over the agent, and for keys. `end` drops what was not yet spoken.
 *
 * @typedef {import("./frames.js").Frame} Frame
 *
 * @typedef {object} Closing  How the session ended: the socket's closing, and the action request.
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
import { Hearing } from "./hearing.js";
import { Player } from "./player.js";
import { MalformedFrameError, parse } from "./schema.js";

/** Malformed frames in a row that close the session. */
export const MOST_MALFORMED = 10;

const CALLER_WORDS_PER_SECOND = 3;
const SILENCE_S = 0.5; // that ends an utterance while `speechTimeout` is `auto`
const WORDS_TO_INTERRUPT = { high: 1, medium: 2, low: 3 };
const HANGING_UP = "Closing websocket session";

export class Line {
  /**
   * @param {frames.Identity} identity
   * @param {import("./attributes.js").RelayAttributes} relay
   * @param {{wordsPerSecond?: number}} [manner] the agent's pace where no voice speaks
   */
  constructor(identity, relay, { wordsPerSecond = 2.5 } = {}) {
    /** @type {Closing | null} */
    this.closing = null;
    this.relay = relay;
    this._identity = identity;
    this._story = [];
    this._tell = (note) => this._story.push(note);
    this._player = new Player({ wordsPerSecond, tell: this._tell });
    this._hearing = new Hearing({
      wordsPerSecond: CALLER_WORDS_PER_SECOND,
      silenceS: relay.speechTimeoutS ?? SILENCE_S,
    });
    this._now = 0;
    this._malformedInARow = 0;
    this._ttsLanguage = relay.ttsLanguage;
    this._promptLanguage = languageOfPrompts(relay, relay.transcriptionLanguage);
    /** The language in which the caller is transcribed now. */
    this.transcriptionLanguage = relay.transcriptionLanguage;
    this._beganOverAgent = false;
  }

  /** What has happened since this was last asked, as notes in order. */
  takeStory() {
    return this._story.splice(0);
  }

  /** Whether something of the agent's sounds right now. */
  get agentIsSpeaking() {
    return this._player.playing !== null;
  }

  /** When `advance` wants to be called; null while nothing happens by itself. */
  get deadline() {
    if (this.closing) return null;
    const at = Math.min(this._player.deadline ?? Infinity, this._hearing.deadline ?? Infinity);
    return at === Infinity ? null : at;
  }

  // -- what drives it -----------------------------------------------------------------------------

  /** The session is up: `setup`, and the greeting begins. @returns {Frame[]} */
  start(now) {
    this._now = now;
    const { welcomeGreeting, welcomeGreetingInterruptible: interruptible, parameters } = this.relay;
    const terms = { interruptible, preemptible: false, lang: this._ttsLanguage };
    this._player.greet(welcomeGreeting, terms, now);
    return [frames.setup(this._identity, parameters)];
  }

  /** Let everything happen that is due by `now`. @returns {Frame[]} */
  advance(now) {
    const out = [];
    for (let at = this.deadline; at !== null && at <= now; at = this.deadline) {
      this._now = Math.max(this._now, at);
      if (at === this._player.deadline) out.push(...this._askedFor(this._player.step(at)));
      else out.push(...this._hear(this._hearing.step(), at));
    }
    this._now = Math.max(this._now, now);
    return out;
  }

  /** Take a frame from the app. @returns {Frame[]} */
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

  /** The caller says `text`, after what is being said. */
  speaks(text, now) {
    return this._then(now, (at) => {
      this._tell({ type: "said", at, text });
      this._hearing.speak(text, at);
      return [];
    });
  }

  /** The caller makes a sound that is no word: it interrupts, and no prompt follows. */
  coughs(now) {
    return this._then(now, (at) => {
      this._tell({ type: "said", at, text: "(coughs)" });
      this._hearing.cough(at);
      return [];
    });
  }

  /** A transcriber has made out this much of what the caller is saying. */
  makesOut(text, now) {
    return this._then(now, (at) => this._hear(this._hearing.makesOut(text), at));
  }

  /** A transcriber has heard all that the caller said; nothing, if it was no word. */
  hearsSilence(text, now) {
    return this._then(now, (at) => {
      if (text) this._tell({ type: "said", at, text });
      return this._hear(this._hearing.ends(text, at), at);
    });
  }

  /** The caller presses a key; without `dtmfDetection` nothing notices. */
  presses(digit, now) {
    return this._then(now, (at) => {
      this._tell({ type: "said", at, text: `(presses ${digit})` });
      if (!this.relay.dtmfDetection) return [];
      const out = [];
      if (!this.agentIsSpeaking || this._reports("dtmf")) out.push(frames.dtmf(digit));
      if (this._mayInterrupt("dtmf")) {
        out.push(...this._interrupt(), ...this._askedFor([frames.agentSpeaking(false)]));
      }
      return out;
    });
  }

  /** The caller ends the call. */
  hangsUp(now) {
    return this._then(now, (at) => {
      this._tell({ type: "said", at, text: "(hangs up)" });
      const out = [];
      const { unfinished } = this._hearing;
      if (unfinished && this.relay.partialPromptOnHangup && this._isReported()) {
        out.push(frames.prompt(unfinished, this._promptLanguage, true));
      }
      this._close("hang up", 1000, HANGING_UP, "completed", "completed");
      return out;
    });
  }

  /** The app's socket is gone without an `end`: a failure, whatever its closing code. */
  losesApp(now, code = 1006, reason = "") {
    return this._then(now, () => {
      this._close("dropped", code, reason, "failed", "in-progress");
      return [];
    });
  }

  // -- the agent's voice --------------------------------------------------------------------------

  /** The segments that the voice is to speak: the one being played, and what follows it. */
  get forVoice() {
    return this._player.forVoice;
  }

  /** Whether a voice speaks from now on, or words are played in silence. */
  setVoiced(voiced, now) {
    return this._then(now, (at) => this._askedFor(this._player.setVoiced(voiced, at)));
  }

  /** Words a second of what is played in silence, from the next clause on. */
  setPace(wordsPerSecond) {
    this._player.pace = wordsPerSecond;
  }

  /** The voice has begun a segment. */
  voiceBegins(id, now) {
    return this._then(now, (at) => this._askedFor(this._player.voiceBegins(id, at)));
  }

  /** The voice has said the first words of a segment. */
  voiceReaches(id, words, now) {
    return this._then(now, (at) => this._player.voiceReaches(id, words, at) ?? []);
  }

  /** The voice has come to the end of a segment. */
  voiceEnds(id, now) {
    return this._then(now, (at) => this._askedFor(this._player.voiceEnds(id, at)));
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
        this._player.sendDigits(frame.digits, terms, now, this._hearing.speaking);
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
        throw new Error(`the schema lets in what the line does not know: ${frame.type}`);
    }
  }

  /** A frame's own settings, and the session's for those it leaves out. */
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

  // -- what the caller's voice does ---------------------------------------------------------------

  _hear(events, at) {
    const out = [];
    let interrupted = false;
    for (const event of events) {
      if (event.on) {
        this._beganOverAgent = this.agentIsSpeaking;
        this._tell({ type: "callerVoice", at, on: true });
        out.push(...this._askedFor([frames.clientSpeaking(true)]));
      } else if (event.madeOut !== undefined) {
        this._tell({ type: "madeOut", at, text: event.madeOut });
        if (this._takesTheFloor(event.madeOut)) {
          interrupted = true;
          out.push(...this._interrupt());
        }
        out.push(...this._partial(event.madeOut));
      } else {
        this._tell({ type: "callerVoice", at, on: false });
        out.push(...this._askedFor([frames.clientSpeaking(false)]), ...this._final(event.off, at));
      }
    }
    return [...out, ...this._askedFor(interrupted ? [frames.agentSpeaking(false)] : [])];
  }

  /** Whether what was made out so far interrupts; a sound without words does at `high`. */
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

  /** Whether the app is told of the words of the current utterance. */
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

  /** Stop the agent, and say what was heard of it; its silence is reported afterwards. */
  _interrupt() {
    const { fragment, durationMs } = this._player.interrupt(this._now);
    const heard = fragment ? [frames.tokensPlayed(fragment)] : [];
    return [...this._askedFor(heard), frames.interrupt(fragment.trim(), durationMs)];
  }

  /** Of these `info` frames, those that `events` asks for. */
  _askedFor(reports) {
    return reports.filter(({ name }) =>
      name === "tokensPlayed" ? this.relay.tokensPlayed : this.relay.speakerEvents,
    );
  }
}
