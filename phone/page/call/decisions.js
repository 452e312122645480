/**
 * What the app decides about what its caller says, as it tells over its side channel.
 */

const RETRY_DELAYS_MS = [50, 200, 500];
const LAST_RETRY_DELAY_MS = 1000;

/** Reads server-sent events out of text that comes in pieces. Pure. */
export class EventReader {
  constructor() {
    this._rest = "";
  }

  /**
   * The data of the events that are complete with this piece, each with its id.
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
 * The decisions of a call, each once and in order, until the app ends the stream.
 *
 * @param {URL} url
 * @param {string} token
 * @param {() => boolean} isOver whether the call is over, after which nothing is asked again
 * @returns {AsyncGenerator<Record<string, any>>}
 * @throws {Error} the app does not tell; the message says why
 */
export async function* follow(url, token, isOver) {
  const known = new Set();
  for (let attempt = 0; !isOver(); attempt += 1) {
    if (attempt) await pause(RETRY_DELAYS_MS[attempt - 1] ?? LAST_RETRY_DELAY_MS);
    const answer = await ask(url, token);
    // The call is known to the app once it has read `setup`, which is on its way when we ask.
    if (answer === null || answer.status === 404) continue;
    if (!answer.ok) throw new Error(`the app answered ${answer.status}`);
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
    // The stream broke; whoever follows asks again.
  }
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
