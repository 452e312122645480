/**
 * Reads the voice webhook's TwiML with the browser's XML parser.
 */

import { readAttributes, TwimlError } from "./attributes.js";

/**
 * Read the `<ConversationRelay>` of the TwiML.
 *
 * @param {string} xml
 * @returns {import("./attributes.js").RelayAttributes}
 * @throws {TwimlError} it is not XML, or has no relay with a `wss://` URL
 */
export function readTwiml(xml) {
  const twiml = new DOMParser().parseFromString(xml, "application/xml");
  if (twiml.querySelector("parsererror")) throw new TwimlError("the response is not XML");
  const relay = twiml.querySelector("Response:root > Connect > ConversationRelay");
  if (relay === null) {
    throw new TwimlError("the response has no <Response><Connect><ConversationRelay>");
  }
  const parameters = [...relay.querySelectorAll("Parameter")].map((element) => [
    element.getAttribute("name") ?? "",
    element.getAttribute("value") ?? "",
  ]);
  return readAttributes({
    attributes: attributesOf(relay),
    connect: attributesOf(relay.parentElement),
    parameters: Object.fromEntries(parameters),
  });
}

function attributesOf(element) {
  return Object.fromEntries([...element.attributes].map(({ name, value }) => [name, value]));
}
