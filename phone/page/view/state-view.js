/**
 * Where the call is and who has the floor: the head of the page, its one status sentence, and what is
 * read out to who cannot see the conversation.
 */

import { clock, decisionInShort } from "../story/wording.js";
import { byId, setText } from "./dom.js";

const STAGES = { idle: "Ready", dialling: "Ringing …", live: "On the line", over: "Ended" };

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

  /** What matters less than the status. @param {string} sentence "" for nothing */
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
   * Read out what is complete: decisions, and the agent's words where no voice speaks them.
   *
   * @param {import("../story/conversation.js").Conversation["turns"]} turns
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
