/**
 * What `ignoreBackchannel` hides. Pure.
 */

// A line's own short list: Twilio's is not published.
const BACKCHANNELS = new Set(
  "ah aha hm hmm mhm mm-hmm ok okay right sure uh-huh yeah yep yes yup".split(" "),
);

/**
 * Whether words are nothing but acknowledgements.
 *
 * @param {string[]} words
 */
export function isBackchannel(words) {
  const bare = words.map((word) => word.replace(/^[,.!?]+|[,.!?]+$/g, "").toLowerCase());
  return bare.length > 0 && bare.every((word) => BACKCHANNELS.has(word));
}
