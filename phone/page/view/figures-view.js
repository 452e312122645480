/**
 * Draws the call's figures, and the list of decisions.
 *
 * @typedef {import("../model/figures.js").Figures} Figures
 * @typedef {import("../model/figures.js").Exchange} Exchange
 */

import { clock, decisionInShort, duration } from "../model/wording.js";
import { byId, element, setAttributes, setText, showItems } from "./dom.js";

const INTERRUPTIONS = ["resumed", "cancelled", "kept", "ignored"];

export class FiguresView {
  constructor() {
    this._summary = byId("summary");
    this._list = byId("decisions");
  }

  /** Begin a new call. @param {string} mode its barge-in mode, as labelled on the page */
  begin(mode) {
    setText(byId("figures-heading"), `Figures (${mode} mode)`);
  }

  /** @param {Figures} figures @param {number} now */
  show(figures, now) {
    const counts = figures.interruptions;
    const rows = [
      ["Median first word", duration(figures.firstWordS)],
      ["Duration", clock(now)],
      ["Turns", figures.turns],
      ...INTERRUPTIONS.map((outcome) => [outcome, counts.get(outcome) ?? 0]),
    ];
    showItems(this._summary, rows, newFigure, (node, [name, value]) => {
      setText(node.firstElementChild, name);
      setText(node.lastElementChild, String(value));
    });
    showItems(this._list, figures.exchanges, newExchange, showExchange);
  }
}

function newFigure() {
  return element("div", {}, element("dt"), element("dd"));
}

function newExchange() {
  return element("li", {}, element("q"), element("b"), element("p", { class: "small" }));
}

/** @param {Element} node @param {Exchange} exchange */
function showExchange(node, exchange) {
  const [said, outcome, times] = node.children;
  setText(said, exchange.said || "(no words)");
  setAttributes(node, {
    "data-outcome": exchange.outcome || null,
    "data-act": exchange.outcome ? exchange.act : null,
    "data-rule": exchange.outcome ? exchange.rule : null,
  });
  setText(outcome, exchange.outcome ? decisionInShort(exchange) : "");
  const parts = [
    exchange.firstWordS === null ? "" : `first word after ${duration(exchange.firstWordS)}`,
    exchange.decisionS === null ? "" : `decided in ${duration(exchange.decisionS)}`,
    exchange.pausedS === null ? "" : `paused for ${duration(exchange.pausedS)}`,
    exchange.rule ? `rule ${exchange.rule}` : "",
  ];
  setText(times, parts.filter(Boolean).join(" · "));
}
