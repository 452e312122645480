/**
 * Draws the timeline: a lane per speaker, overlaps, pauses, and the decisions below.
 *
 * @typedef {import("../model/timeline.js").Timeline} Model
 */

import { Timeline } from "../model/timeline.js";
import { decisionInShort } from "../model/wording.js";
import { byId, keepingEnd, setAttributes, setText, showItems, svgElement } from "./dom.js";

const PX_PER_S = 18;
const TICK_S = 5;
const ROOM_S = 3; // for the label of the last decision
const WORD_S = 3; // widths of a decision's word and of its sign, in seconds of the timeline
const SIGN_S = 0.8;
const SIGNS = { resumed: "▸", cancelled: "✕", kept: "+", ignored: "–", "gave up": "✕" };
const LANE = { agent: 4, caller: 24, height: 14 };
const HEIGHT = 74;

export class TimelineView {
  constructor() {
    this._track = byId("timeline").querySelector(".track");
    this._svg = this._track.querySelector("svg");
    this._svg.setAttribute("height", HEIGHT);
    const group = (name) => this._svg.appendChild(svgElement("g", { class: name }));
    this._groups = Object.fromEntries(
      ["ticks", "agent", "caller", "pauses", "overlaps", "decisions"].map((n) => [n, group(n)]),
    );
  }

  /** @param {Model} model @param {number} now */
  show(model, now) {
    keepingEnd(this._track, () => this._draw(model, now));
    setAttributes(this._svg, { "aria-label": inWords(model, now) });
  }

  _draw(model, now) {
    const { ticks, agent, caller, pauses, overlaps, decisions } = this._groups;
    const seconds = Math.max(now + ROOM_S, this._track.clientWidth / PX_PER_S);
    setAttributes(this._svg, { width: Math.floor(seconds * PX_PER_S) });
    const times = Array.from({ length: Math.ceil(seconds / TICK_S) }, (_, i) => i * TICK_S);
    showItems(ticks, times, newText, (node, s) => write(node, s, HEIGHT - 2, `${s} s`));
    spans(agent, model.agent, now, LANE.agent, LANE.height);
    spans(caller, model.caller, now, LANE.caller, LANE.height);
    spans(pauses, model.pauses, now, LANE.agent, LANE.height);
    spans(overlaps, model.overlaps(now), now, LANE.agent, LANE.caller + LANE.height - LANE.agent);
    showItems(decisions, labelled(model.decisions), newDecision);
  }
}

/** Decisions with their labels: the outcome's word, or a sign if there is no room. */
function labelled(decisions) {
  let freeFrom = 0;
  return decisions.map(({ at, decision }) => {
    const { outcome } = decision;
    const sign = SIGNS[outcome] ?? "·";
    const fits = outcome in SIGNS && at >= freeFrom;
    freeFrom = at + (fits ? WORD_S : SIGN_S);
    return { at, decision, label: fits ? outcome : sign };
  });
}

function newDecision({ at, decision, label }) {
  const text = svgElement("text", { "data-outcome": decision.outcome });
  write(text, at, 54, label);
  text.append(svgElement("title", {}, decisionInShort(decision)));
  return text;
}

function spans(group, list, now, y, height) {
  const make = () => svgElement("rect", { rx: 3 });
  showItems(group, list, make, (rect, { from, to }) => {
    const width = Math.max(2, ((to ?? now) - from) * PX_PER_S).toFixed(1);
    setAttributes(rect, { x: (from * PX_PER_S).toFixed(1), y, height, width });
  });
}

function newText() {
  return svgElement("text");
}

function write(node, at, y, text) {
  setAttributes(node, { x: (at * PX_PER_S).toFixed(1), y });
  setText(node, text);
}

/** The drawing in words, for screen readers. */
function inWords(model, now) {
  const seconds = (lane) => `${Math.round(Timeline.total(lane, now))} seconds`;
  const overlaps = model.overlaps(now).length;
  return (
    `The agent spoke for ${seconds(model.agent)}, you for ${seconds(model.caller)}. ` +
    `Overlaps: ${overlaps}. Pauses: ${model.pauses.length}.`
  );
}
