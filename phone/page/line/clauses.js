/**
 * Splits text into clauses and words. Pure.
 */

const CLAUSE = /[^]*?[,.;:?!](?=\s)/g;

/**
 * The complete clauses of `text`, which can be played, and the incomplete tail.
 *
 * @param {string} text
 * @returns {{clauses: string[], tail: string}}
 */
export function splitClauses(text) {
  const clauses = text.match(CLAUSE) ?? [];
  return { clauses, tail: text.slice(clauses.join("").length) };
}

/**
 * The first `count` words of `text`, with their spaces.
 *
 * @param {string} text
 * @param {number} count
 * @returns {string}
 */
export function firstWords(text, count) {
  let end = 0;
  for (const word of text.matchAll(/\S+/g)) {
    if (count-- <= 0) break;
    end = word.index + word[0].length;
  }
  return text.slice(0, end);
}

/**
 * @param {string} text
 * @returns {string[]}
 */
export function wordsOf(text) {
  return text.match(/\S+/g) ?? [];
}
