/**
 * Draws the conversation: the words heard, being spoken, still to come and cut, and the interruptions.
 *
 * @typedef {import("../model/conversation.js").AgentTurn} AgentTurn
 * @typedef {import("../model/conversation.js").CallerTurn} CallerTurn
 */

import { decisionExplained, decisionInShort, deedInWords, duration } from "../model/wording.js";
import { byId, element, icon, setAttributes, setText, showItems } from "./dom.js";

const CUT_BY = {
  interrupt: "interrupted",
  preempted: "replaced",
  end: "call ended",
  "hang up": "you hung up",
  dropped: "connection lost",
};

const LOST_WORDS_SHOWN = 8;
const ROOM_PX = 48;

export class ConversationView {
  constructor() {
    this._list = byId("transcript");
    this._toLatest = byId("to-latest");
    this._follows = true;
    this._scrolledTo = 0;
    this._list.addEventListener("scroll", () => this._scrolled());
    this._toLatest.addEventListener("click", () => {
      this._follows = true;
      this._follow();
      this._list.focus();
    });
  }

  /** @param {(AgentTurn | CallerTurn)[]} turns */
  show(turns) {
    this._follows ||= !turns.length;
    showItems(this._list, turns, newTurn, showTurn);
    if (this._follows) this._follow();
  }

  /** Scroll to the end, or to the word being spoken if both do not fit. */
  _follow() {
    const list = this._list;
    const end = list.scrollHeight - list.clientHeight;
    const now = list.querySelector(".now");
    const above = now ? now.getBoundingClientRect().top - list.getBoundingClientRect().top : end;
    list.scrollTop = Math.min(end, list.scrollTop + above - ROOM_PX);
    this._scrolledTo = list.scrollTop;
    this._toLatest.hidden = true;
  }

  /** Stop following when the user scrolls up, and follow again at the end. */
  _scrolled() {
    const { scrollHeight, clientHeight, scrollTop } = this._list;
    if (Math.abs(scrollTop - this._scrolledTo) < 2) return; // our own scrolling
    this._scrolledTo = scrollTop;
    this._follows = scrollHeight - clientHeight - scrollTop < ROOM_PX;
    this._toLatest.hidden = this._follows;
  }
}

function newTurn({ who }) {
  const name = element("span", { class: "who" }, who === "agent" ? "Agent" : "You");
  return element("li", { "data-who": who }, name, element("p"), element("p", { class: "note" }));
}

function showTurn(node, turn) {
  const [, words, note] = node.children;
  if (turn.who === "agent") showAgent(node, words, turn);
  else showCaller(node, words, note, turn);
}

// -- the agent ----------------------------------------------------------------------------------

/** @param {AgentTurn} turn */
function showAgent(node, words, turn) {
  setAttributes(node, {
    "data-resumes": turn.resumes ? "" : null,
    "data-withdrawn": turn.cut && !turn.heard ? "" : null,
    "data-cut": turn.cut?.decision?.outcome ?? turn.cut?.reason,
  });
  showItems(words, pieces(turn), newPiece, (piece, { kind, text }) => {
    setAttributes(piece, { class: kind, role: kind === "cut" ? "deletion" : null });
    setText(piece.lastElementChild, text);
  });
}

function newPiece({ kind }) {
  const piece = element("span", { class: kind });
  // Every piece can turn into a cut mark, which has an icon.
  piece.append(icon("cut"), element("span"));
  return piece;
}

/**
 * The words of a turn, split into pieces by kind.
 *
 * @param {AgentTurn} turn
 * @returns {{kind: string, text: string}[]}
 */
function pieces({ words, heard, sounds, cut, overlaps }) {
  const shown = [];
  const text = (from, to) => words.slice(from, to).join(" ");
  const add = (kind, said) => {
    if (said) shown.push({ kind, text: said });
  };
  let from = 0;
  for (const { at, caller } of overlaps) {
    const says = caller.text || caller.saying;
    if (!says || (cut && at >= heard)) continue;
    add("heard", at > from && `${text(from, at)} `);
    add("over", `you: ${says}${caller.decision ? ` (${caller.decision.outcome})` : ""}`);
    from = at;
  }
  add("heard", heard > from && `${text(from, heard)} `);
  if (cut) {
    const lost = words.length - heard;
    const more = lost - LOST_WORDS_SHOWN;
    add("cut-mark", cut.decision ? decisionInShort(cut.decision) : CUT_BY[cut.reason]);
    add("cut", lost && ` ${text(heard, heard + LOST_WORDS_SHOWN)}`);
    add("cut-rest", more > 0 && ` … ${more} more`);
  } else {
    const next = heard + (sounds ? 1 : 0);
    add("now", text(heard, next));
    add("ahead", next < words.length && ` ${text(next)}`);
  }
  return shown;
}

// -- the caller ---------------------------------------------------------------------------------

/** @param {CallerTurn} turn */
function showCaller(node, words, note, turn) {
  const { text, saying, isSound, isFinal, decision } = turn;
  setAttributes(node, {
    "data-over": turn.overAgent ? "" : null,
    "data-sound": isSound ? "" : null,
    "data-outcome": decision?.outcome,
  });
  const recognized = isSound ? deedInWords(text) : text;
  const rest = isFinal || isSound ? "" : saying.slice(text.length);
  const shown = [
    { kind: "heard", text: recognized },
    { kind: "ahead", text: rest || (isFinal || recognized ? "" : "…") },
  ];
  showItems(
    words,
    shown,
    () => element("span"),
    (piece, { kind, text: said }) => {
      setAttributes(piece, { class: kind });
      setText(piece, said);
    },
  );
  setText(note, noteOn(turn));
}

/** @param {CallerTurn} turn */
function noteOn({ isFinal, overAgent, reported, decision }) {
  if (!reported) return "Said over the agent; not sent to the app.";
  if (decision === null) return overAgent && !isFinal ? "Over the agent" : "";
  if (decision.outcome === "asked") return "";
  const { paused_for_s: pausedS } = decision;
  const paused = pausedS === null ? "" : ` The agent paused for ${duration(pausedS)}.`;
  return `${decisionExplained(decision)}.${paused}`;
}
