/**
 * The attributes of a `<ConversationRelay>`, with Twilio's defaults. Pure.
 *
 * As on a real call, unknown attributes and invalid values have no effect; `warnings` lists both, as a
 * Twilio account's debugger would (warning 12200).
 *
 * @typedef {"none" | "dtmf" | "speech" | "any"} InputKind
 *   Which of the caller's inputs may interrupt, or are reported.
 *
 * @typedef {object} Element  The TwiML's `<ConversationRelay>`.
 * @property {Record<string, string>} attributes
 * @property {Record<string, string>} connect the attributes of the `<Connect>` around it
 * @property {Record<string, string>} parameters the `<Parameter>` elements, by name
 *
 * @typedef {ReturnType<typeof readAttributes>} RelayAttributes
 */

/** The TwiML does not connect to a relay; the message says what is missing. */
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

// Known to Twilio but without effect here: they affect audio, or what Twilio stores.
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
 * Read the attributes. Times are in seconds.
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
    warnings.push(`${name} is "${written}"; expected one of: ${[...values.keys()].join(", ")}`);
    return fallback;
  };
  const flag = (name) => choice(name, BOOLEANS, false);
  const seconds = (name) => {
    const written = take(name, "auto");
    if (/^\d+$/.test(written) && Number(written) >= 600 && Number(written) <= 5000) {
      return Number(written) / 1000;
    }
    if (written !== "auto") {
      warnings.push(`${name} is "${written}"; expected auto or 600 to 5000 (ms)`);
    }
    return null;
  };

  const url = take("url");
  if (!url.startsWith("wss://")) {
    throw new TwimlError(`<ConversationRelay url> must begin with wss://, but is "${url}"`);
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
    /** Silence that ends an utterance; null for the relay's default (`auto`). */
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
  warnings.push(...unknown.map((name) => `${name} is not an attribute of <ConversationRelay>`));
  return relay;
}

/**
 * The `lang` of prompts for a transcription language. `multi` and Deepgram's `flux` report only the
 * primary tag (flux: seen on live calls).
 *
 * @param {RelayAttributes} relay
 * @param {string} transcriptionLanguage
 */
export function languageOfPrompts(relay, transcriptionLanguage) {
  if (transcriptionLanguage === "multi") return "en";
  const isFlux = relay.speechModel.startsWith("flux");
  return isFlux ? transcriptionLanguage.split("-")[0] : transcriptionLanguage;
}
