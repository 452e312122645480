/**
 * The browser phone: wires the page together and runs one call at a time.
 */

import { CallFailedError, address } from "./call/app-server.js";
import { PhoneCall } from "./call/phone-call.js";
import { fileName } from "./call/call-log.js";
import { Conversation } from "./model/conversation.js";
import { Figures } from "./model/figures.js";
import { Timeline } from "./model/timeline.js";
import { ConversationView } from "./view/conversation-view.js";
import { byId } from "./view/dom.js";
import { FiguresView } from "./view/figures-view.js";
import { FramesView } from "./view/frames-view.js";
import { Keypad } from "./view/keypad.js";
import { StateView } from "./view/state-view.js";
import { TimelineView } from "./view/timeline-view.js";
import { SpeechControls } from "./speech/controls.js";

const REDRAW_MS = 200; // for the clock and the timeline

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
    this._speech = new SpeechControls({
      speed: this._speed,
      act: (deed) => this._act(deed),
      tell: (sentence) => this._state.note(sentence),
    });
    this._begin();
    this._listen();
    this._showFacts();
  }

  // -- calls --------------------------------------------------------------------------------------

  async _placeCall() {
    if (this._stage === "dialling" || this._stage === "live") return;
    const models = this._begin();
    this._state.note("");
    const asks = this._speech.transcriber.isOn;
    this._enter("dialling", asks ? "Allow the microphone, or block it and type." : "Ringing…");
    await this._speech.prepare();
    const isWanted = this._stage === "dialling" && models === this._models;
    if (!isWanted) return; // hung up while the browser asked
    const mode = document.querySelector("input[name=mode]:checked");
    const call = new PhoneCall({
      mode: mode?.value ?? null,
      speed: this._speed,
      speech: this._speech,
      listener: {
        onEntry: (entry) => this._take(entry, models),
        onConnected: (relay) => this._keypad.enable(relay.dtmfDetection),
        onStage: (stage, words) => this._enter(stage, words),
        onDecisionsLost: (why) => this._state.note(`Decisions are unavailable: ${why}.`),
      },
    });
    this._call = call;
    this._views.figures.begin(mode?.parentElement.querySelector("b").textContent ?? "");
    this._views.frames.begin(fileName(call.identity.callSid, new Date()));
    try {
      await call.place();
    } catch (error) {
      if (error.signedOut) location.reload(); // shows the sign-in form
      if (this._call !== call) return; // a newer call has replaced it
      const isKnown = error instanceof CallFailedError;
      const words = isKnown ? error.message : "Unexpected error; see the browser console.";
      this._enter("over", words);
      if (!isKnown) throw error;
    }
  }

  _hangUp() {
    if (this._call) this._call.hangUp();
    else this._enter("over", "You hung up before the call was answered.");
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
    this._speech.enter(stage);
    this._redraw();
    this._focus();
  }

  _invitation() {
    if (this._stage !== "live") return "Ringing…";
    return this._speech.transcriber.isOn ? "Speak or type, even over the agent." : "Type, even while the agent speaks.";
  }

  _finish() {
    this._endedAt = this._call?.now ?? 0;
    this._models.timeline.end(this._endedAt);
    this._keypad.enable(false);
    this._call = null;
  }

  _focus() {
    const isTouched = matchMedia("(pointer: coarse)").matches; // an on-screen keyboard would cover the call
    const next = { dialling: "hang-up", live: isTouched ? "hang-up" : "say", over: "call" };
    byId(next[this._stage]).focus({ preventScroll: true });
  }

  // -- display ------------------------------------------------------------------------------------

  /** Start with empty models for a new call. */
  _begin() {
    this._endedAt = null;
    this._models = {
      conversation: new Conversation(),
      timeline: new Timeline(),
      figures: new Figures(),
    };
    return this._models;
  }

  /** Take an entry of a call, unless a newer call has begun. */
  _take(entry, models) {
    if (models !== this._models) return;
    for (const model of Object.values(models)) model.take(entry);
    this._views.frames.take(entry);
    this._redraw();
  }

  /** Redraw on the next animation frame, once for all changes until then. */
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
      this._state.announce(conversation.turns, !this._speech.speaker.isOn);
    });
  }

  // -- the app's facts and the page's controls ----------------------------------------------------

  async _showFacts() {
    const answer = await fetch(address("phone/facts")).catch(() => null);
    if (answer?.status === 403) location.reload(); // shows the sign-in form
    if (!answer?.ok) {
      this._state.say("The app is not responding. Check that it is running, then reload this page.");
      return;
    }
    const facts = await answer.json();
    this._speech.language = facts.language;
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
        ? "Ready. Demo guide: a bicycle workshop’s receptionist."
        : "Ready. Your own guide will answer.",
    );
  }

  _listen() {
    const onClick = (id, act) => byId(id).addEventListener("click", act);
    onClick("call", () => this._placeCall());
    onClick("hang-up", () => this._hangUp());
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
    byId("details").addEventListener("keydown", ({ key }) => {
      if (key === "Escape") this._showDetails(false);
    });
    window.addEventListener("pagehide", () => this._call?.leave());
  }

  /** Show or hide the details, which cover the call on a small screen. */
  _showDetails(isShown) {
    document.body.toggleAttribute("data-details", isShown);
    byId("show-details").setAttribute("aria-expanded", String(isShown));
    byId(isShown ? "details" : "show-details").focus();
  }
}

new Phone();
