/**
 * The browser phone: everything on the page put together, one call after the other.
 */

import { CallFailedError, address } from "./call/placing.js";
import { PhoneCall } from "./call/phone-call.js";
import { fileName } from "./call/recording.js";
import { Conversation } from "./story/conversation.js";
import { Figures } from "./story/figures.js";
import { Timeline } from "./story/timeline.js";
import { ConversationView } from "./view/conversation-view.js";
import { byId } from "./view/dom.js";
import { FiguresView } from "./view/figures-view.js";
import { FramesView } from "./view/frames-view.js";
import { Keypad } from "./view/keypad.js";
import { StateView } from "./view/state-view.js";
import { TimelineView } from "./view/timeline-view.js";
import { Speaker } from "./voice/speaker.js";
import { Transcriber } from "./voice/transcriber.js";

const WORDS_PER_SECOND = 2.5;
const REDRAW_MS = 200; // what grows with time: clock and timeline

class Phone {
  constructor() {
    const speed = Number(new URLSearchParams(location.search).get("speed") ?? 1);
    this._speed = speed >= 0.25 && speed <= 16 ? speed : 1;
    this._stage = "idle";
    /** @type {PhoneCall | null} */
    this._call = null;
    this._state = new StateView();
    this._views = {
      conversation: new ConversationView(),
      timeline: new TimelineView(),
      figures: new FiguresView(),
      frames: new FramesView(),
    };
    this._keypad = new Keypad((digit) => this._act((line, now) => line.presses(digit, now)));
    this._speaker = this._newSpeaker();
    this._transcriber = this._newTranscriber();
    this._forget();
    this._listen();
    this._preferMicrophone();
    this._showToggles();
    this._showFacts();
  }

  // -- calls --------------------------------------------------------------------------------------

  async _placeCall() {
    if (this._stage === "dialling" || this._stage === "live") return;
    this._forget();
    this._speaker.unlock();
    this._enter("dialling", "Ringing …");
    if (this._transcriber.isOn) await this._askForMicrophone();
    if (this._stage !== "dialling") return; // hung up while the browser asked
    const call = new PhoneCall({
      mode: document.querySelector("input[name=mode]:checked")?.value ?? null,
      speed: this._speed,
      pace: () => WORDS_PER_SECOND * Number(byId("rate").value),
      speaker: this._speaker,
      transcriber: this._transcriber,
      listener: {
        onEntry: (entry) => this._take(entry),
        onConnected: (relay) => this._keypad.enable(relay.dtmfDetection),
        onStage: (stage, words) => this._enter(stage, words),
        onDecisionsLost: (why) => this._state.note(`Decisions are not shown: ${why}.`),
      },
    });
    this._call = call;
    this._views.frames.begin(fileName(call.identity.callSid, new Date()));
    try {
      await call.place();
    } catch (error) {
      if (error.signedOut) location.reload(); // to the sign-in
      const isKnown = error instanceof CallFailedError;
      const words = isKnown ? error.message : "The call failed for a reason that nobody foresaw.";
      if (this._stage !== "over") this._enter("over", words);
      if (!isKnown) throw error;
    }
  }

  _hangUp() {
    if (this._call) this._call.hangUp();
    else this._enter("over", "You hung up before anyone answered.");
  }

  _act(deed) {
    this._call?.act(deed);
  }

  _say(text) {
    const said = text.trim();
    if (said) this._act((line, now) => line.speaks(said, now));
  }

  /** @param {"dialling" | "live" | "over"} stage @param {string} words */
  _enter(stage, words) {
    this._stage = stage;
    this._state.showStage(stage);
    this._state.say(words || this._invitation());
    const isLive = stage === "live";
    byId("call").hidden = isLive || stage === "dialling";
    byId("hang-up").hidden = !byId("call").hidden;
    byId("call").lastElementChild.textContent = "Call again";
    for (const part of byId("typed").elements) part.disabled = !isLive;
    clearInterval(this._ticking);
    if (isLive) this._ticking = setInterval(() => this._redraw(), REDRAW_MS);
    if (stage === "over") this._finish();
    this._showToggles();
    this._redraw();
    this._focus();
  }

  _invitation() {
    if (this._stage !== "live") return "Ringing …";
    return this._transcriber.isOn ? "Speak, or type. Speak over it, too." : "Type, also while it speaks.";
  }

  _finish() {
    this._endedAt = this._call?.now ?? 0;
    this._models.timeline.end(this._endedAt);
    this._keypad.enable(false);
    this._call = null;
  }

  _focus() {
    const canType = matchMedia("(pointer: fine)").matches; // no keyboard that covers the call
    const next = { dialling: "hang-up", live: canType ? "say" : "hang-up", over: "call" };
    byId(next[this._stage])?.focus({ preventScroll: true });
  }

  // -- what is shown ------------------------------------------------------------------------------

  _forget() {
    this._endedAt = null;
    this._models = {
      conversation: new Conversation(),
      timeline: new Timeline(),
      figures: new Figures(),
    };
    this._state.note("");
  }

  _take(entry) {
    for (const model of Object.values(this._models)) model.take(entry);
    this._views.frames.take(entry);
    this._redraw();
  }

  /** Draw soon, once for all that happened until then. */
  _redraw() {
    this._drawing ??= requestAnimationFrame(() => {
      this._drawing = null;
      const { conversation, timeline, figures } = this._models;
      const now = this._endedAt ?? this._call?.now ?? 0;
      this._views.conversation.show(conversation.turns);
      this._views.timeline.show(timeline, now);
      this._views.figures.show(figures, now);
      this._views.frames.show();
      this._state.show(conversation.floor, now);
      this._state.announce(conversation.turns, !this._speaker.isOn);
    });
  }

  // -- voices -------------------------------------------------------------------------------------

  _newSpeaker() {
    const speaker = new Speaker({
      begins: (id) => this._act((line, now) => line.voiceBegins(id, now)),
      reaches: (id, words) => this._act((line, now) => line.voiceReaches(id, words, now)),
      ends: (id) => this._act((line, now) => line.voiceEnds(id, now)),
      fails: () => {
        this._setVoice(false);
        this._state.note("This browser’s voice failed. The agent goes on in silence.");
      },
      changes: () => this._preferVoice(),
    });
    this._voiceIsChosen = false;
    speaker.isOn = speaker.isAble;
    return speaker;
  }

  /** Voices come late; with them the agent is heard, unless the caller has chosen otherwise. */
  _preferVoice() {
    const mayChange = !this._voiceIsChosen && this._stage !== "live";
    if (mayChange) this._speaker.isOn = this._speaker.isAble;
    this._showToggles();
  }

  _setVoice(isOn) {
    this._voiceIsChosen = true;
    this._speaker.isOn = isOn;
    this._act((line, now) => line.setVoiced(isOn, now));
    this._showToggles();
  }

  _newTranscriber() {
    return new Transcriber({
      madeOut: (text) => this._act((line, now) => line.makesOut(text, now)),
      over: (text) => this._act((line, now) => line.hearsSilence(text, now)),
      fails: (problem) => this._microphoneFailed(problem),
    });
  }

  /** The microphone is on from the first call, where the browser can transcribe and may listen. */
  async _preferMicrophone() {
    if (!this._transcriber.isAble) {
      this._state.note("This browser cannot transcribe speech: type what you would say.");
      return;
    }
    this._transcriber.isOn = true;
    const name = /** @type {PermissionName} */ ("microphone");
    const permission = await navigator.permissions?.query({ name }).catch(() => null);
    if (permission?.state === "denied") this._transcriber.isOn = false;
    this._showToggles();
  }

  async _askForMicrophone() {
    const problem = await this._transcriber.ask();
    this._transcriber.isOn = !problem;
    if (problem) this._microphoneFailed(problem);
    this._showToggles();
  }

  _microphoneFailed(problem) {
    this._transcriber.isOn = false;
    this._state.note(problem);
    this._showToggles();
  }

  async _switchMicrophone() {
    const wasOn = this._transcriber.isOn;
    this._transcriber.isOn = !wasOn;
    this._state.note("");
    if (!wasOn) await this._askForMicrophone();
    this._act(() => []); // the call begins to listen, or ceases
    this._showToggles();
  }

  _showToggles() {
    const { isOn: listens, isAble: canListen } = this._transcriber;
    const { isOn: speaks, isAble: canSpeak } = this._speaker;
    byId("microphone").setAttribute("aria-pressed", String(listens));
    byId("microphone").disabled = !canListen;
    byId("voice").setAttribute("aria-pressed", String(speaks));
    byId("voice").disabled = !canSpeak;
    byId("privacy").hidden = !canListen || (this._stage === "over" && !listens);
    const isLocal = this._speaker.isLocal(this._language ?? "en-US");
    byId("voice-note").textContent = !canSpeak
      ? "This browser has no voice. The agent’s words appear at the pace of speech."
      : isLocal
        ? "The voice is this device’s own."
        : "This voice is spoken by servers of your browser’s maker: they get the agent’s words.";
  }

  _showSound() {
    this._speaker.volume = Number(byId("volume").value);
    this._speaker.rate = Number(byId("rate").value) * this._speed;
  }

  // -- the app, and the page ----------------------------------------------------------------------

  async _showFacts() {
    const answer = await fetch(address("phone/facts")).catch(() => null);
    if (answer?.status === 403) location.reload(); // to the sign-in
    if (!answer?.ok) {
      this._state.say("The app does not answer. Check that it is running, and reload this page.");
      return;
    }
    const facts = await answer.json();
    this._language = facts.language;
    byId("sign-out").hidden = !facts.signed_in;
    const problems = Object.values(facts.modes).filter(Boolean);
    for (const radio of document.querySelectorAll("input[name=mode]")) {
      radio.checked = radio.value === facts.mode;
      radio.disabled = Boolean(facts.modes[radio.value]);
    }
    byId("mode-problem").textContent = problems.join(" ");
    byId("mode-problem").hidden = !problems.length;
    this._state.say(
      facts.demo_guide
        ? "Ready. A bicycle workshop’s receptionist answers."
        : "Ready. Your own guide answers.",
    );
    this._showToggles();
  }

  _listen() {
    const onClick = (id, act) => byId(id).addEventListener("click", act);
    onClick("call", () => this._placeCall());
    onClick("hang-up", () => this._hangUp());
    onClick("microphone", () => this._switchMicrophone());
    onClick("voice", () => this._setVoice(!this._speaker.isOn));
    onClick("show-details", () => this._showDetails(true));
    onClick("hide-details", () => this._showDetails(false));
    onClick("phrases", ({ target }) => {
      if (target.dataset.say) this._say(target.dataset.say);
      else if ("cough" in target.dataset) this._act((line, now) => line.coughs(now));
    });
    byId("typed").addEventListener("submit", (event) => {
      event.preventDefault();
      this._say(byId("say").value);
      byId("say").value = "";
    });
    for (const id of ["volume", "rate"]) byId(id).addEventListener("input", () => this._showSound());
    this._showSound();
    byId("details").addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this._showDetails(false);
    });
    window.addEventListener("pagehide", () => this._call?.hangUp());
  }

  /** On a small screen the figures cover the call. */
  _showDetails(isShown) {
    document.body.toggleAttribute("data-details", isShown);
    byId("show-details").setAttribute("aria-expanded", String(isShown));
    byId(isShown ? "details" : "show-details").focus();
  }
}

new Phone();
