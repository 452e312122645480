/**
 * The keypad: its buttons, and the keyboard's keys outside text fields.
 */

import { byId, element } from "./dom.js";

const KEYS = "123456789*0#";

export class Keypad {
  /** @param {(digit: string) => void} press */
  constructor(press) {
    this._press = press;
    this._button = byId("show-keypad");
    this._panel = byId("keypad");
    for (const digit of KEYS) {
      const key = element("button", { type: "button", "data-digit": digit }, digit);
      key.addEventListener("click", () => press(digit));
      this._panel.append(key);
    }
    document.addEventListener("keydown", (event) => this._onKey(event));
    this.enable(false);
  }

  /** Enable the keypad while the call takes keys. @param {boolean} enabled */
  enable(enabled) {
    this._enabled = enabled;
    this._button.disabled = !enabled;
    if (!enabled) this._panel.hidePopover?.();
  }

  _onKey(event) {
    const types = event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea");
    const isShortcut = event.ctrlKey || event.metaKey || event.altKey;
    if (!this._enabled || types || isShortcut || !KEYS.includes(event.key)) return;
    this._press(event.key);
    const key = this._panel.querySelector(`[data-digit="${event.key}"]`);
    key.classList.add("pressed");
    setTimeout(() => key.classList.remove("pressed"), 150);
  }
}
