/**
 * One call from dialling to its end: connects the line to a clock, a socket and the browser's speech.
 *
 * @typedef {"dialling" | "live" | "over"} Stage
 *
 * @typedef {object} Listener  Callbacks for the progress of a call.
 * @property {(entry: import("./call-log.js").Entry) => void} onEntry
 * @property {(stage: Stage, words: string) => void} onStage `words` is for the caller; may be ""
 * @property {(relay: import("../line/attributes.js").RelayAttributes) => void} onConnected
 * @property {(why: string) => void} onDecisionsLost
 */

import { Line } from "../line/line.js";
import { actionForm, newIdentity, voiceForm } from "../line/webhooks.js";
import { follow } from "./decision-feed.js";
import { address, askForTwiml, CallFailedError, dial, requestAction } from "./app-server.js";
import { appFrame } from "./call-log.js";

const CLOSED_WITHIN_MS = 2000;
const MALFORMED_CODE = 4007; // stands for 1007, which browsers do not let a page send

export class PhoneCall {
  /**
   * @param {object} how
   * @param {"pause" | "talkover" | null} how.mode null for the app's default
   * @param {number} how.speed the line's clock, as a multiple of real time
   * @param {import("../speech/controls.js").SpeechControls} how.speech
   * @param {Listener} how.listener
   */
  constructor({ mode, speed, speech, listener }) {
    this.identity = newIdentity(randomHex);
    this._mode = mode;
    this._speed = speed;
    this._speech = speech;
    this._listener = listener;
    this._line = null;
    this._began = 0;
    this._timer = 0;
    this._isOver = false;
    this._isLeaving = false;
  }

  /** Seconds since setup, on the line's clock. */
  get now() {
    return this._line ? ((performance.now() - this._began) / 1000) * this._speed : 0;
  }

  /** Whether the caller can speak and be heard. */
  get isLive() {
    return this._line !== null && !this._isOver;
  }

  /** Place the call. @throws {CallFailedError} */
  async place() {
    this._listener.onStage("dialling", "");
    const overrides = { Decisions: "1", ...(this._mode && { BargeInMode: this._mode }) };
    this._relay = await askForTwiml({ ...voiceForm(this.identity), ...overrides });
    this._listener.onConnected(this._relay);
    if (this._isOver) return;
    this._socket = dial();
    await opened(this._socket);
    if (this._isOver) this._socket.close(1000);
    else this._begin();
  }

  _begin() {
    this._began = performance.now();
    this._line = new Line(this.identity, this._relay, { wordsPerSecond: this._speech.pace });
    this._socket.onmessage = ({ data }) => {
      this._note("out", appFrame(data));
      this.act((line, now) => line.receive(data, now));
    };
    this._socket.onclose = ({ code, reason }) => {
      this._lostWith = code;
      this.act((line, now) => line.losesApp(now, code, reason));
    };
    this._listener.onStage("live", "");
    this.act((line, now) => [...line.setVoiced(this._speech.speaker.isOn, now), ...line.start(now)]);
    this._followDecisions();
  }

  /**
   * Apply an event to the line now, and send the frames that result.
   *
   * @param {(line: Line, now: number) => import("../line/frames.js").Frame[]} deed
   */
  act(deed) {
    if (!this.isLive) return;
    const { now } = this;
    const out = deed(this._line, now);
    for (const { at, ...frame } of this._line.takeNotes()) this._note("note", frame, at);
    for (const frame of out) this._send(frame, now);
    if (this._line.closing) this._end();
    else this._goOn();
  }

  /** Hang up, even while it rings. */
  hangUp() {
    if (this._line) this.act((line, now) => line.hangsUp(now));
    else if (!this._isOver) this._over("You hung up before the call was answered.");
  }

  /** Hang up because the page is closing: do not wait for the socket to close. */
  leave() {
    this._isLeaving = true;
    this.hangUp();
  }

  _goOn() {
    const { speaker, transcriber, pace } = this._speech;
    this._line.setPace(pace);
    speaker.speak(this._line.forVoice);
    transcriber.listenIn(this._line.transcriptionLanguage);
    clearTimeout(this._timer);
    const { deadline } = this._line;
    if (deadline === null) return;
    const ms = ((deadline - this.now) / this._speed) * 1000;
    this._timer = setTimeout(() => this.act((line, now) => line.advance(now)), ms);
  }

  _send(frame, now) {
    this._note("in", frame, now);
    if (this._socket.readyState === WebSocket.OPEN) this._socket.send(JSON.stringify(frame));
  }

  _note(dir, frame, t = this.now) {
    this._listener.onEntry({ t, dir, frame });
  }

  // -- hanging up ---------------------------------------------------------------------------------

  async _end() {
    const { closing } = this._line;
    this._over(endInWords(closing, this._lostWith));
    if (this._socket.readyState === WebSocket.OPEN) {
      const closed = new Promise((resolve) => (this._socket.onclose = resolve));
      this._socket.close(closing.code === 1007 ? MALFORMED_CODE : 1000, closing.reason);
      const soon = new Promise((done) => setTimeout(done, CLOSED_WITHIN_MS));
      if (!this._isLeaving) await Promise.race([closed, soon]);
    }
    await requestAction(this._relay, actionForm(this.identity, closing));
  }

  _over(words) {
    this._isOver = true;
    clearTimeout(this._timer);
    this._speech.speaker.speak([]);
    this._speech.transcriber.rest();
    this._listener.onStage("over", words);
  }

  // -- the side channel ---------------------------------------------------------------------------

  async _followDecisions() {
    const url = address(`calls/${this.identity.callSid}/decisions`);
    try {
      for await (const decision of follow(url, this._relay.parameters.token, () => this._isOver)) {
        this._note("note", { type: "decision", ...decision });
      }
    } catch (error) {
      this._listener.onDecisionsLost(error.message);
    }
  }
}

function endInWords({ sessionStatus, code }, lostWith) {
  if (sessionStatus === "completed") return "You hung up.";
  if (sessionStatus === "ended") return "The agent ended the call.";
  if (lostWith === 1008) return "The app rejected the call. Call again.";
  if (code === 1007) return "The call was dropped: the app sent ten malformed frames in a row.";
  return "Connection to the app lost. Check its log, then call again.";
}

function opened(socket) {
  return new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onclose = () =>
      reject(new CallFailedError("The app refused the connection. Check its log, then call again."));
  });
}

function randomHex() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
