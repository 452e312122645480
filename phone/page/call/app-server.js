/**
 * The requests of a call to the app: the voice webhook, the relay's socket, the action.
 *
 * All of them go to the page's own origin, whatever host the TwiML names.
 */

import { readTwiml } from "../line/twiml.js";
import { TwimlError } from "../line/attributes.js";

/** The call could not be placed; the message says why and what to do. */
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
 * The URL of one of the app's paths.
 *
 * @param {string} path without a leading slash
 */
export function address(path) {
  return new URL(path, document.baseURI);
}

/**
 * Post the voice webhook and read the TwiML it returns.
 *
 * @param {Record<string, string>} form
 * @throws {CallFailedError}
 */
export async function askForTwiml(form) {
  const answer = await post("twiml", form);
  if (answer === null) {
    throw new CallFailedError("The app is not responding. Check that it is running, then call again.");
  }
  if (!answer.ok) throw await refusal(answer);
  try {
    const relay = readTwiml(await answer.text());
    if (!relay.url.endsWith("/ws")) throw new TwimlError("its URL is not this app's /ws");
    return relay;
  } catch (error) {
    if (!(error instanceof TwimlError)) throw error;
    throw new CallFailedError(`The app returned invalid TwiML: ${error.message}.`);
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
      return new CallFailedError("Too many calls. Wait a minute, then call again.");
    default:
      return new CallFailedError(`The app returned HTTP ${answer.status}${detail && `: ${detail}`}`);
  }
}

function detailOf(text) {
  try {
    return String(JSON.parse(text).detail ?? "");
  } catch {
    return text.trim().slice(0, 200);
  }
}

/** Open the relay's socket. */
export function dial() {
  const url = address("ws");
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return new WebSocket(url);
}

/**
 * Request the action once the session is over.
 *
 * @param {import("../line/attributes.js").RelayAttributes} relay
 * @param {Record<string, string>} form
 */
export async function requestAction(relay, form) {
  if (!relay.action) return;
  // Closing the page ends the call: this request must outlive the page.
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
