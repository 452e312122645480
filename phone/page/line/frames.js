/**
 * The frames that the relay sends to the app, as documented by Twilio and seen on live calls. Pure:
 * each function returns one frame as the object that goes over the socket.
 *
 * @typedef {Record<string, unknown>} Frame
 *
 * @typedef {object} Identity  The call's identifiers and its two parties.
 * @property {string} callSid
 * @property {string} sessionId
 * @property {string} accountSid
 * @property {string} caller
 * @property {string} called
 */

/**
 * The first frame. An inbound call is still ringing when it is sent (seen on live calls).
 *
 * @param {Identity} identity
 * @param {Record<string, string>} parameters
 * @returns {Frame}
 */
export function setup(identity, parameters) {
  return {
    type: "setup",
    sessionId: identity.sessionId,
    callSid: identity.callSid,
    parentCallSid: "",
    from: identity.caller,
    to: identity.called,
    forwardedFrom: "",
    callerName: "",
    direction: "inbound",
    callType: "CLIENT",
    callStatus: "RINGING",
    accountSid: identity.accountSid,
    customParameters: { ...parameters },
  };
}

/**
 * What the caller said: the whole utterance so far, and whether it is final.
 *
 * @param {string} text
 * @param {string} lang
 * @param {boolean} last
 * @returns {Frame}
 */
export function prompt(text, lang, last) {
  return { type: "prompt", voicePrompt: text, lang, last };
}

/**
 * The caller interrupted the playback.
 *
 * @param {string} utterance what was heard of the cut segment
 * @param {number} durationMs how long that segment had played
 * @returns {Frame}
 */
export function interrupt(utterance, durationMs) {
  return {
    type: "interrupt",
    utteranceUntilInterrupt: utterance,
    durationUntilInterruptMs: durationMs,
  };
}

/**
 * A key the caller pressed.
 *
 * @param {string} digit
 * @returns {Frame}
 */
export function dtmf(digit) {
  return { type: "dtmf", digit };
}

/**
 * The rejection of a frame from the app, quoting it.
 *
 * @param {string} raw
 * @returns {Frame}
 */
export function error(raw) {
  return { type: "error", description: `Invalid message received, code: 64107, ${raw}` };
}

/**
 * The agent's audio has begun, or has run out.
 *
 * @param {boolean} on
 * @returns {Frame}
 */
export function agentSpeaking(on) {
  return { type: "info", name: "agentSpeaking", value: on ? "on" : "off" };
}

/**
 * The caller's voice has begun, or has fallen silent.
 *
 * @param {boolean} on
 * @returns {Frame}
 */
export function clientSpeaking(on) {
  return { type: "info", name: "clientSpeaking", value: on ? "on" : "off" };
}

/**
 * The segment of speech that was played, or the part of it that was, with its spaces.
 *
 * @param {string} text
 * @returns {Frame}
 */
export function tokensPlayed(text) {
  return { type: "info", name: "tokensPlayed", value: text };
}
