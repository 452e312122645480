/**
 * The agent's voice and the caller's microphone: what the browser supports, what the caller chose,
 * and the buttons for both.
 */

import { byId } from "../view/dom.js";
import { Speaker } from "./speaker.js";
import { Transcriber } from "./transcriber.js";

const WORDS_PER_SECOND = 2.5;

export class SpeechControls {
  /**
   * @param {object} around
   * @param {number} around.speed the line's clock, as a multiple of real time
   * @param {(deed: (line: import("../line/line.js").Line, now: number) => object[]) => void} around.act
   *   applies an event to the line, if there is a call
   * @param {(sentence: string) => void} around.tell shows the caller a sentence
   */
  constructor({ speed, act, tell }) {
    this._speed = speed;
    this._act = act;
    this._tell = tell;
    this._stage = "idle";
    this._language = "en-US";
    this._voiceIsChosen = false;
    this.speaker = new Speaker({
      begins: (id) => act((line, now) => line.voiceBegins(id, now)),
      reaches: (id, words) => act((line, now) => line.voiceReaches(id, words, now)),
      ends: (id) => act((line, now) => line.voiceEnds(id, now)),
      fails: () => this._voiceFailed(),
      changes: () => this._preferVoice(),
    });
    this.transcriber = new Transcriber({
      recognized: (text) => act((line, now) => line.recognizes(text, now)),
      over: (text) => act((line, now) => line.hearsSilence(text, now)),
      fails: (problem) => this._microphoneFailed(problem),
    });
    byId("microphone").addEventListener("click", () => this._switchMicrophone());
    byId("voice").addEventListener("click", () => this._setVoice(!this.speaker.isOn));
    for (const id of ["volume", "rate"]) byId(id).addEventListener("input", () => this._setSound());
    this._setSound();
    this._preferVoice();
    this._preferMicrophone();
  }

  /** Words per second of an agent without a voice. */
  get pace() {
    return WORDS_PER_SECOND * Number(byId("rate").value);
  }

  /** The language in which calls begin. @param {string} language */
  set language(language) {
    this._language = language;
    this._show();
  }

  /** Prepare for a call. Browsers grant voice and microphone only after a click, so call it in one. */
  async prepare() {
    this.speaker.unlock();
    if (this.transcriber.isOn) await this._askForMicrophone();
  }

  /** @param {"idle" | "dialling" | "live" | "over"} stage */
  enter(stage) {
    this._stage = stage;
    this._show();
  }

  // -- the agent's voice --------------------------------------------------------------------------

  /** Turn the voice on once the browser has loaded one, unless the caller has chosen already. */
  _preferVoice() {
    const isFree = !this._voiceIsChosen && this._stage !== "live";
    if (isFree) this.speaker.isOn = this.speaker.isAble;
    this._show();
  }

  _setVoice(isOn) {
    this._voiceIsChosen = true;
    this.speaker.isOn = isOn;
    this._act((line, now) => line.setVoiced(isOn, now));
    this._show();
  }

  _voiceFailed() {
    this._setVoice(false);
    this._tell("The browser’s voice failed. The agent’s words are shown as text only.");
  }

  _setSound() {
    this.speaker.volume = Number(byId("volume").value);
    this.speaker.rate = Number(byId("rate").value) * this._speed;
  }

  // -- the caller's microphone --------------------------------------------------------------------

  /** Turn the microphone on if the browser can transcribe and access is not blocked. */
  async _preferMicrophone() {
    if (!this.transcriber.isAble) {
      this._tell("This browser cannot transcribe speech. You can type instead.");
      return;
    }
    this.transcriber.isOn = true;
    const name = /** @type {PermissionName} */ ("microphone");
    const permission = await navigator.permissions?.query({ name }).catch(() => null);
    if (permission?.state === "denied") this.transcriber.isOn = false;
    this._show();
  }

  async _switchMicrophone() {
    this._tell("");
    if (this.transcriber.isOn) this.transcriber.isOn = false;
    else await this._askForMicrophone();
    this._act(() => []); // makes the call start or stop listening
    this._show();
  }

  async _askForMicrophone() {
    const problem = await this.transcriber.ask();
    if (problem) this._microphoneFailed(problem);
    else this.transcriber.isOn = true;
    this._show();
  }

  _microphoneFailed(problem) {
    this.transcriber.isOn = false;
    this._tell(problem);
    this._show();
  }

  // -- display ------------------------------------------------------------------------------------

  _show() {
    const { transcriber, speaker } = this;
    byId("microphone").setAttribute("aria-pressed", String(transcriber.isOn));
    byId("microphone").disabled = !transcriber.isAble;
    byId("voice").setAttribute("aria-pressed", String(speaker.isOn));
    byId("voice").disabled = !speaker.isAble;
    const isPast = this._stage === "over" && !transcriber.isOn;
    byId("privacy").hidden = isPast || !transcriber.isAble;
    byId("voice-note").hidden = speaker.isAble && speaker.isLocal(this._language);
    byId("voice-note").textContent = speaker.isAble
      ? "This voice runs on your browser vendor’s servers, which receive the agent’s words."
      : "This browser has no voice. The agent’s words appear at speaking pace.";
  }
}
