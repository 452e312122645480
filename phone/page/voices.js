/**
 * The agent's voice and the caller's microphone: what the browser is able to, what the caller wants,
 * and the buttons for both.
 */

import { byId } from "./view/dom.js";
import { Speaker } from "./voice/speaker.js";
import { Transcriber } from "./voice/transcriber.js";

const WORDS_PER_SECOND = 2.5;

export class Voices {
  /**
   * @param {object} around
   * @param {number} around.speed how fast the line's clock runs
   * @param {(deed: (line: import("./line/line.js").Line, now: number) => object[]) => void} around.act
   *   lets something happen on the line, if there is one
   * @param {(sentence: string) => void} around.tell tells the caller
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
      madeOut: (text) => act((line, now) => line.makesOut(text, now)),
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

  /** Words a second of an agent without a voice. */
  get pace() {
    return WORDS_PER_SECOND * Number(byId("rate").value);
  }

  /** The language that the app's calls begin with. @param {string} language */
  set language(language) {
    this._language = language;
    this._show();
  }

  /** A call begins, at the press of a button: ask for what only such a moment allows. */
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

  /** Voices come late; with them the agent is heard, unless the caller has chosen otherwise. */
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
    this._tell("This browser’s voice failed. The agent goes on in silence.");
  }

  _setSound() {
    this.speaker.volume = Number(byId("volume").value);
    this.speaker.rate = Number(byId("rate").value) * this._speed;
  }

  // -- the caller's microphone --------------------------------------------------------------------

  /** It is on from the first call, where the browser can transcribe and is not told to refuse. */
  async _preferMicrophone() {
    if (!this.transcriber.isAble) {
      this._tell("This browser cannot transcribe speech: type what you would say.");
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
    this._act(() => []); // the call begins to listen, or ceases
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

  // -- what the page says of them -----------------------------------------------------------------

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
      ? "This voice is spoken by servers of your browser’s maker: they get the agent’s words."
      : "This browser has no voice: the agent’s words appear at the pace of speech.";
  }
}
