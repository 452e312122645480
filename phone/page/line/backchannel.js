/**
 * The backchannels that `ignoreBackchannel` hides. Pure.
 */

// Our own short list: Twilio does not publish its list.
const BACKCHANNELS = new Set(
  "ah aha hm hmm mhm mm-hmm ok okay right sure uh-huh yeah yep yes yup".split(" "),
);

/**
 * Whether all of the words are acknowledgements.
 *
 * @param {string[]} words
 */
export function isBackchannel(words) {
  const bare = words.map((word) => word.replace(/^[,.!?]+|[,.!?]+$/g, "").toLowerCase());
  return bare.length > 0 && bare.every((word) => BACKCHANNELS.has(word));
}
