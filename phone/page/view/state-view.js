/**
 * The call's stage and floor in the page's header, its status sentence, and screen reader announcements.
 */

import { clock, decisionInShort } from "../model/wording.js";
import { byId, setText } from "./dom.js";

const STAGES = { idle: "Ready", dialling: "Ringing…", live: "Connected", over: "Ended" };

export class StateView {
  constructor() {
    this._announced = new Set();
  }

  /** @param {"idle" | "dialling" | "live" | "over"} stage */
  showStage(stage) {
    document.body.dataset.call = stage;
    setText(byId("stage"), STAGES[stage]);
    byId("clock").hidden = stage === "idle" || stage === "dialling";
    byId("floor").hidden = stage !== "live";
    if (stage === "dialling") this._announced.clear();
  }

  /** @param {string} sentence */
  say(sentence) {
    setText(byId("status"), sentence);
  }

  /** Show a note below the status. @param {string} sentence "" hides it */
  note(sentence) {
    const note = byId("aside-note");
    setText(note, sentence);
    note.hidden = !sentence;
  }

  /** @param {string} floor @param {number} now */
  show(floor, now) {
    setText(byId("clock"), clock(now));
    byId("floor").dataset.floor = floor;
    setText(byId("floor-word"), floor[0].toUpperCase() + floor.slice(1));
  }

  /**
   * Announce new decisions, and the agent's finished turns if no voice speaks them.
   *
   * @param {import("../model/conversation.js").Conversation["turns"]} turns
   * @param {boolean} isSilent
   */
  announce(turns, isSilent) {
    const fresh = turns
      .map((turn) => [`${turn.id} ${turn.decision?.outcome}`, announcement(turn, isSilent)])
      .filter(([key, words]) => words && !this._announced.has(key));
    if (!fresh.length) return;
    for (const [key] of fresh) this._announced.add(key);
    setText(byId("announcer"), fresh.map(([, words]) => words).join(" "));
  }
}

function announcement(turn, isSilent) {
  if (turn.who === "caller") {
    const { decision } = turn;
    return decision && decision.outcome !== "asked" ? `${decisionInShort(decision)}.` : "";
  }
  const isOver = turn.cut || turn.heard === turn.words.length;
  return isSilent && isOver && turn.heard ? turn.words.slice(0, turn.heard).join(" ") : "";
}
