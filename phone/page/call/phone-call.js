/**
 * One call from dialling to its end: gives the line a clock, a socket, ears and a voice.
 *
 * @typedef {"dialling" | "live" | "over"} Stage
 *
 * @typedef {object} Listener  Who watches a call.
 * @property {(entry: import("./recording.js").Entry) => void} onEntry
 * @property {(stage: Stage, words: string) => void} onStage with what happened in words, or ""
 * @property {(relay: import("../line/attributes.js").RelayAttributes) => void} onConnected
 * @property {(why: string) => void} onDecisionsLost
 */

import { Line } from "../line/line.js";
import { actionForm, newIdentity, voiceForm } from "../line/webhooks.js";
import { follow } from "./decisions.js";
import { address, askForTwiml, CallFailedError, dial, requestAction } from "./placing.js";
import { appFrame } from "./recording.js";

const CLOSED_WITHIN_MS = 2000;
const MALFORMED_CODE = 4007; // for 1007, which a page may not send

export class PhoneCall {
  /**
   * @param {object} how
   * @param {"pause" | "talkover" | null} how.mode null leaves it to the app
   * @param {number} how.speed how fast the line's clock runs
   * @param {import("../voices.js").Voices} how.voices
   * @param {Listener} how.listener
   */
  constructor({ mode, speed, voices, listener }) {
    this.identity = newIdentity(randomHex);
    this._mode = mode;
    this._speed = speed;
    this._voices = voices;
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
    const wishes = { Decisions: "1", ...(this._mode && { BargeInMode: this._mode }) };
    this._relay = await askForTwiml({ ...voiceForm(this.identity), ...wishes });
    this._listener.onConnected(this._relay);
    if (this._isOver) return;
    this._socket = dial();
    await opened(this._socket);
    if (this._isOver) this._socket.close(1000);
    else this._begin();
  }

  _begin() {
    this._began = performance.now();
    this._line = new Line(this.identity, this._relay, { wordsPerSecond: this._voices.pace });
    this._socket.onmessage = ({ data }) => {
      this._note("out", appFrame(data));
      this.act((line, now) => line.receive(data, now));
    };
    this._socket.onclose = ({ code, reason }) => {
      this._lostWith = code;
      this.act((line, now) => line.losesApp(now, code, reason));
    };
    this._listener.onStage("live", "");
    this.act((line, now) => [...line.setVoiced(this._voices.speaker.isOn, now), ...line.start(now)]);
    this._followDecisions();
  }

  /**
   * Let something happen on the line, at this moment.
   *
   * @param {(line: Line, now: number) => import("../line/frames.js").Frame[]} deed
   */
  act(deed) {
    if (!this.isLive) return;
    const { now } = this;
    const out = deed(this._line, now);
    for (const { at, ...frame } of this._line.takeStory()) this._note("note", frame, at);
    for (const frame of out) this._send(frame, now);
    if (this._line.closing) this._end();
    else this._goOn();
  }

  /** Hang up, also while it rings. */
  hangUp() {
    if (this._line) this.act((line, now) => line.hangsUp(now));
    else if (!this._isOver) this._over("You hung up before anyone answered.");
  }

  /** Hang up as the page goes, which leaves no time to wait for anything. */
  leave() {
    this._isLeaving = true;
    this.hangUp();
  }

  _goOn() {
    const { speaker, transcriber, pace } = this._voices;
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

  // -- its end ------------------------------------------------------------------------------------

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
    this._voices.speaker.speak([]);
    this._voices.transcriber.rest();
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
  if (lostWith === 1008) return "The call was not let in. Call again.";
  if (code === 1007) return "The call broke off: the app sent ten frames in a row that are none.";
  return "The app is gone: the line broke in the middle of the call.";
}

function opened(socket) {
  return new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onclose = () =>
      reject(new CallFailedError("The app did not open the line. Look at its log, and call again."));
  });
}

function randomHex() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
