/**
 * The forms that Twilio posts: the voice webhook at the start, the action request at the end. Pure.
 *
 * @typedef {import("./frames.js").Identity} Identity
 */

const PLACES = ["From", "To", "Caller", "Called"].flatMap((party) =>
  ["City", "State", "Zip", "Country"].map((place) => [`${party}${place}`, ""]),
);

/**
 * The identity of a new call from a browser, with SIDs in Twilio's format.
 *
 * @param {() => string} randomHex 32 random hexadecimal digits
 * @returns {Identity}
 */
export function newIdentity(randomHex) {
  return {
    callSid: `CA${randomHex()}`,
    sessionId: `VX${randomHex()}`,
    accountSid: `AC${"1".padStart(32, "0")}`,
    caller: "client:browser",
    called: "client:frontdesk",
  };
}

/**
 * The form posted to the voice webhook when a call comes in.
 *
 * @param {Identity} identity
 * @returns {Record<string, string>}
 */
export function voiceForm(identity) {
  return { ...callForm(identity), CallStatus: "ringing" };
}

/**
 * The form posted to the `action` of `<Connect>` once the session is over.
 *
 * @param {Identity} identity
 * @param {import("./line.js").Closing} closing
 * @returns {Record<string, string>}
 */
export function actionForm(identity, closing) {
  const form = {
    ...callForm(identity),
    CallStatus: closing.callStatus,
    SessionId: identity.sessionId,
    SessionStatus: closing.sessionStatus,
    SessionDuration: String(Math.floor(closing.at)),
  };
  if (closing.handoffData !== undefined) form.HandoffData = closing.handoffData;
  if (closing.sessionStatus === "failed") {
    form.ErrorCode = "64105";
    form.ErrorMessage = "Websocket ended";
  }
  return form;
}

function callForm(identity) {
  return {
    AccountSid: identity.accountSid,
    ApiVersion: "2010-04-01",
    CallSid: identity.callSid,
    Called: identity.called,
    Caller: identity.caller,
    Direction: "inbound",
    From: identity.caller,
    To: identity.called,
    ...Object.fromEntries(PLACES),
  };
}
