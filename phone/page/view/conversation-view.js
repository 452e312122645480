/**
 * The conversation on the page: which words were heard, which is being spoken, which wait, and where
 * the caller cut in.
 *
 * @typedef {import("../story/conversation.js").AgentTurn} AgentTurn
 * @typedef {import("../story/conversation.js").CallerTurn} CallerTurn
 */

import { decisionExplained, decisionInShort, duration } from "../story/wording.js";
import { byId, element, icon, keepingEnd, setAttributes, setText, showItems } from "./dom.js";

const CUT_BY = {
  interrupt: "you cut in",
  preempted: "replaced",
  end: "the call ended",
  "hang up": "you hung up",
  dropped: "the line broke",
};

export class ConversationView {
  constructor() {
    this._list = byId("transcript");
    this._toLatest = byId("to-latest");
    this._toLatest.addEventListener("click", () => {
      this._list.scrollTo(0, this._list.scrollHeight);
      this._list.focus();
    });
    this._list.addEventListener("scroll", () => {
      const { scrollHeight, clientHeight, scrollTop } = this._list;
      this._toLatest.hidden = scrollHeight - clientHeight - scrollTop < 48;
    });
  }

  /** @param {(AgentTurn | CallerTurn)[]} turns */
  show(turns) {
    const seesEnd = keepingEnd(this._list, () => showItems(this._list, turns, newTurn, showTurn));
    this._toLatest.hidden = seesEnd;
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
    "data-goes-on": turn.goesOn ? "" : null,
    "data-withdrawn": turn.cut && !turn.heard ? "" : null,
    "data-cut": turn.cut?.decision?.outcome ?? turn.cut?.reason,
  });
  showItems(words, pieces(turn), newPiece, (piece, { kind, text }) => {
    setAttributes(piece, { class: kind });
    setText(piece.lastElementChild ?? piece, text);
  });
}

function newPiece({ kind }) {
  const piece = element("span", { class: kind });
  // Every piece can become a mark, whose text stands beside an icon.
  piece.append(icon("cut"), element("span"));
  return piece;
}

/**
 * The words of a turn as pieces of one kind each.
 *
 * @param {AgentTurn} turn
 * @returns {{kind: string, text: string}[]}
 */
function pieces({ words, heard, sounds, cut, overlaps }) {
  const shown = [];
  const add = (kind, from, to) => {
    if (from < to) shown.push({ kind, text: `${words.slice(from, to).join(" ")} ` });
  };
  let from = 0;
  for (const { at, caller } of overlaps) {
    const says = caller.text || caller.saying;
    if (!says || (cut && at >= heard)) continue;
    add("heard", from, at);
    shown.push({ kind: "over", text: `you: ${says}` });
    from = at;
  }
  add("heard", from, heard);
  if (cut) {
    const { decision, reason } = cut;
    shown.push({ kind: "cut-mark", text: decision ? decisionInShort(decision) : CUT_BY[reason] });
    add("cut", heard, words.length);
  } else {
    const next = heard + (sounds ? 1 : 0);
    add("now", heard, next);
    add("ahead", next, words.length);
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
  const madeOut = isSound ? text || "a sound" : text;
  const rest = isFinal || isSound ? "" : saying.slice(text.length);
  const shown = [
    { kind: "heard", text: madeOut },
    { kind: "ahead", text: rest || (isFinal || madeOut ? "" : "…") },
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
function noteOn({ isFinal, isSound, overAgent, reported, decision }) {
  if (!reported) return "said over the agent; the app was not told";
  if (decision === null) return isFinal || isSound || !overAgent ? "" : "over the agent";
  if (["asked", "extended"].includes(decision.outcome)) {
    return decision.outcome === "asked" ? "" : decisionExplained(decision);
  }
  const pause = decision.paused_for_s;
  const paused = pause === null ? "" : `, after a pause of ${duration(pause)}`;
  return `${decisionInShort(decision)} – ${decisionExplained(decision)}${paused}`;
}
