/**
 * The developer's drawer: every frame in both directions, with filter, copy and download.
 *
 * @typedef {import("../call/call-log.js").Entry} Entry
 */

import { isKept, line } from "../call/call-log.js";
import { byId, element, keepingEnd } from "./dom.js";

const MOST_SHOWN = 1000; // older ones are only in the downloaded call log

export class FramesView {
  constructor() {
    this._drawer = byId("developer");
    this._list = byId("frames");
    this._filter = byId("filter");
    this._notes = byId("notes");
    /** @type {Entry[]} */
    this._entries = [];
    this._fileName = "";
    this._shown = 0;
    this._filter.addEventListener("input", () => this._start());
    this._notes.addEventListener("change", () => this._start());
    this._drawer.addEventListener("toggle", () => {
      this.show();
      if (this._drawer.open) this._drawer.scrollIntoView({ block: "start" });
    });
    byId("copy").addEventListener("click", (event) => this._copy(event.currentTarget));
    byId("download").addEventListener("click", () => this._download());
  }

  /** Begin a new call. @param {string} fileName of its call log */
  begin(fileName) {
    this._entries = [];
    this._fileName = fileName;
    this._start();
  }

  /** @param {Entry} entry */
  take(entry) {
    if (isKept(entry)) this._entries.push(entry);
  }

  /** Show new entries. Draws nothing while the drawer is closed. */
  show() {
    if (!this._drawer.open || this._shown === this._entries.length) return;
    keepingEnd(this._list, () => {
      for (; this._shown < this._entries.length; this._shown += 1) {
        const entry = this._entries[this._shown];
        if (this._isWanted(entry)) this._list.append(newFrame(entry));
      }
      while (this._list.children.length > MOST_SHOWN) this._list.firstElementChild.remove();
    });
  }

  _start() {
    this._list.replaceChildren();
    this._shown = 0;
    this.show();
  }

  _isWanted(entry) {
    if (entry.dir === "note" && !this._notes.checked) return false;
    const text = line(entry).toLowerCase();
    return this._filter.value.toLowerCase().split(/\s+/).every((part) => text.includes(part));
  }

  async _copy(button) {
    const text = this._entries.filter((entry) => this._isWanted(entry)).map(line).join("");
    try {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
    } catch {
      button.textContent = "Copying blocked";
    }
    setTimeout(() => (button.textContent = "Copy"), 2000);
  }

  _download() {
    const blob = new Blob(this._entries.map(line), { type: "application/jsonl" });
    const link = element("a", { href: URL.createObjectURL(blob), download: this._fileName });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }
}

/** @param {Entry} entry */
function newFrame({ t, dir, frame }) {
  return element(
    "li",
    { "data-dir": dir, "data-type": frame.type ?? "" },
    element("span", {}, t.toFixed(2)),
    element("b", {}, dir),
    element("code", {}, JSON.stringify(frame)),
  );
}
