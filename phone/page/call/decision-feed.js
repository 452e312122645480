/**
 * The app's decisions during a call, streamed over its side channel.
 */

const RETRY_DELAYS_MS = [50, 200, 500];
const LAST_RETRY_DELAY_MS = 1000;

/** Parses server-sent events from text that arrives in chunks. Pure. */
export class EventReader {
  constructor() {
    this._rest = "";
  }

  /**
   * Take a chunk and return the events it completes.
   *
   * @param {string} piece
   * @returns {{id: string, data: string}[]}
   */
  take(piece) {
    const events = (this._rest + piece).replaceAll("\r\n", "\n").split("\n\n");
    this._rest = events.pop();
    return events.map(readEvent).filter(({ data }) => data);
  }
}

function readEvent(text) {
  const fields = { id: "", data: "" };
  for (const line of text.split("\n")) {
    const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
    if (name in fields) fields[name] += value;
  }
  return fields;
}

/**
 * Yield the decisions of a call, each once and in order, until the app ends the stream.
 *
 * @param {URL} url
 * @param {string} token
 * @param {() => boolean} isOver whether the call is over; if so, there are no more retries
 * @returns {AsyncGenerator<Record<string, any>>}
 * @throws {Error} the app refused; the message says why
 */
export async function* follow(url, token, isOver) {
  const known = new Set();
  for (let attempt = 0; !isOver(); attempt += 1) {
    if (attempt) await pause(RETRY_DELAYS_MS[attempt - 1] ?? LAST_RETRY_DELAY_MS);
    const answer = await ask(url, token);
    // 404 until the app has read `setup`, which was sent just before.
    if (answer === null || answer.status === 404) continue;
    if (!answer.ok) throw new Error(`the app returned HTTP ${answer.status}`);
    for await (const { id, data } of eventsOf(answer.body)) {
      if (known.has(id)) continue;
      known.add(id);
      yield JSON.parse(data);
    }
  }
}

async function ask(url, token) {
  try {
    return await fetch(url, { headers: { Authorization: `Bearer ${token}` } });
  } catch {
    return null;
  }
}

async function* eventsOf(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const events = new EventReader();
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield* events.take(value);
    }
  } catch {
    // The stream broke; `follow` retries.
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
