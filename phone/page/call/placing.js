/**
 * The requests around a call: the voice webhook, the relay's socket, the action.
 *
 * All of them go to the page's own origin, by the paths that the TwiML names: there the app is the
 * one that a public address leads to.
 */

import { readTwiml } from "../line/twiml.js";
import { TwimlError } from "../line/attributes.js";

/** The call did not come about; the message says why, and what to do. */
export class CallFailedError extends Error {
  /**
   * @param {string} message
   * @param {{signedOut?: boolean}} [about]
   */
  constructor(message, { signedOut = false } = {}) {
    super(message);
    this.signedOut = signedOut;
  }
}

/**
 * An address of the app's.
 *
 * @param {string} path without a slash at its beginning
 */
export function address(path) {
  return new URL(path, document.baseURI);
}

/**
 * Post the voice webhook, and read what its TwiML asks for.
 *
 * @param {Record<string, string>} form
 * @throws {CallFailedError}
 */
export async function askForTwiml(form) {
  const answer = await post("twiml", form);
  if (answer === null) {
    throw new CallFailedError("Nothing answers. Check that the app is running, and call again.");
  }
  if (!answer.ok) throw await refusal(answer);
  try {
    const relay = readTwiml(await answer.text());
    if (!relay.url.endsWith("/ws")) throw new TwimlError("it does not lead to this app's /ws");
    return relay;
  } catch (error) {
    if (!(error instanceof TwimlError)) throw error;
    throw new CallFailedError(`The app's TwiML cannot be used: ${error.message}.`);
  }
}

async function refusal(answer) {
  const detail = detailOf(await answer.text());
  switch (answer.status) {
    case 403: {
      const facts = await fetch(address("phone/facts")).catch(() => null);
      return new CallFailedError(detail || "The app refused the call.", {
        signedOut: facts?.status === 403,
      });
    }
    case 409:
      return new CallFailedError(detail || "The app's settings do not allow this call.");
    case 429:
      return new CallFailedError("Too many calls were placed in a short time. Wait a minute.");
    default:
      return new CallFailedError(`The app answered ${answer.status}${detail && `: ${detail}`}`);
  }
}

function detailOf(text) {
  try {
    return String(JSON.parse(text).detail ?? "");
  } catch {
    return text.trim().slice(0, 200);
  }
}

/** Dial the relay's socket. */
export function dial() {
  const url = address("ws");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url);
}

/**
 * Request the action, as the session is over.
 *
 * @param {import("../line/attributes.js").RelayAttributes} relay
 * @param {Record<string, string>} form
 */
export async function requestAction(relay, form) {
  if (!relay.action) return;
  // That of a call which ends with its page must outlive the page.
  const keepalive = true;
  if (relay.actionMethod === "GET") {
    const url = address(`action?${new URLSearchParams(form)}`);
    await fetch(url, { keepalive }).catch(() => null);
  } else {
    await post("action", form, { keepalive });
  }
}

function post(path, form, options = {}) {
  const body = new URLSearchParams(form);
  return fetch(address(path), { method: "POST", body, ...options }).catch(() => null);
}
