/**
 * What a `<ConversationRelay>` asks for, with Twilio's defaults for the rest. Pure.
 *
 * As on a real call, an attribute that Twilio does not know is inert, and so is a value it would not
 * take; both are listed in `warnings`, where a real account would find a schema warning (12200).
 *
 * @typedef {"none" | "dtmf" | "speech" | "any"} InputKind
 *   Which of the caller's inputs count: for interrupting, or for being reported.
 *
 * @typedef {object} Element  An element of the TwiML: its attributes, and those of its children.
 * @property {Record<string, string>} attributes
 * @property {Record<string, string>} connect the attributes of the `<Connect>` around it
 * @property {Record<string, string>} parameters the `<Parameter>` elements, by name
 *
 * @typedef {ReturnType<typeof readAttributes>} RelayAttributes
 */

/** The TwiML does not connect the call to a relay; the message says what is missing. */
export class TwimlError extends Error {}

const INPUT_KINDS = new Map([
  ["none", "none"],
  ["dtmf", "dtmf"],
  ["speech", "speech"],
  ["any", "any"],
  ["false", "none"],
  ["true", "any"],
]);
const SENSITIVITIES = new Map(["high", "medium", "low"].map((value) => [value, value]));
const BOOLEANS = new Map([
  ["true", true],
  ["false", false],
]);

// Known to Twilio and without effect here: they shape audio, or what Twilio stores.
const INERT = new Set(
  (
    "welcomeGreetingLanguage ttsProvider voice transcriptionProvider eotThreshold " +
    "eagerEotThreshold deepgramSmartFormat asrSmartFormat profanityFilter hints " +
    "elevenlabsTextNormalization ttsTextNormalization ttsLanguageTextNormalization " +
    "elevenlabsLanguageTextNormalization intelligenceService conversationConfiguration " +
    "conversationId customerName backgroundNoiseReduction applicationReconnect " +
    "echoPromptFiltering turnDetection includeInPrompt"
  ).split(" "),
);

/**
 * Read what the TwiML's element asks for. Times are in seconds.
 *
 * @param {Element} element
 * @throws {TwimlError} it has no `wss://` URL
 */
export function readAttributes({ attributes, connect, parameters }) {
  const left = new Map(Object.entries(attributes));
  const warnings = [];

  const take = (name, fallback = "") => {
    const value = left.get(name) ?? fallback;
    left.delete(name);
    return value;
  };
  const choice = (name, values, fallback) => {
    const written = take(name, null);
    if (written === null) return fallback;
    if (values.has(written)) return values.get(written);
    warnings.push(`${name} is "${written}", it can be one of: ${[...values.keys()].join(", ")}`);
    return fallback;
  };
  const flag = (name) => choice(name, BOOLEANS, false);
  const seconds = (name) => {
    const written = take(name, "auto");
    if (/^\d+$/.test(written) && Number(written) >= 600 && Number(written) <= 5000) {
      return Number(written) / 1000;
    }
    if (written !== "auto") {
      warnings.push(`${name} is "${written}", it can be auto or 600 to 5000 (ms)`);
    }
    return null;
  };

  const url = take("url");
  if (!url.startsWith("wss://")) {
    throw new TwimlError(`<ConversationRelay url> must begin with wss://, it is "${url}"`);
  }
  const language = take("language", "en-US");
  const events = `${take("events")} ${take("debug")}`.split(" ");
  const relay = {
    url,
    action: connect.action ?? "",
    actionMethod: (connect.method ?? "POST").toUpperCase(),
    welcomeGreeting: take("welcomeGreeting"),
    welcomeGreetingInterruptible: choice("welcomeGreetingInterruptible", INPUT_KINDS, "any"),
    ttsLanguage: take("ttsLanguage", language),
    transcriptionLanguage: take("transcriptionLanguage", language),
    speechModel: take("speechModel"),
    partialPrompts: flag("partialPrompts"),
    partialPromptOnHangup: flag("partialPromptOnHangup"),
    /** Silence that ends an utterance; null leaves it to the relay (`auto`). */
    speechTimeoutS: seconds("speechTimeout"),
    interruptible: choice("interruptible", INPUT_KINDS, "any"),
    interruptSensitivity: choice("interruptSensitivity", SENSITIVITIES, "high"),
    reportInputDuringAgentSpeech: choice("reportInputDuringAgentSpeech", INPUT_KINDS, "none"),
    ignoreBackchannel: flag("ignoreBackchannel"),
    preemptible: flag("preemptible"),
    dtmfDetection: flag("dtmfDetection"),
    speakerEvents: events.includes("speaker-events"),
    tokensPlayed: events.includes("tokens-played"),
    parameters,
    warnings,
  };
  const unknown = [...left.keys()].filter((name) => !INERT.has(name)).sort();
  warnings.push(...unknown.map((name) => `${name} is not an attribute Twilio knows`));
  return relay;
}

/**
 * The `lang` that prompts carry while the caller is transcribed in this language: `multi` and
 * Deepgram's `flux` report a bare primary tag (flux: seen on live calls).
 *
 * @param {RelayAttributes} relay
 * @param {string} transcriptionLanguage
 */
export function languageOfPrompts(relay, transcriptionLanguage) {
  if (transcriptionLanguage === "multi") return "en";
  const isFlux = relay.speechModel.startsWith("flux");
  return isFlux ? transcriptionLanguage.split("-")[0] : transcriptionLanguage;
}
