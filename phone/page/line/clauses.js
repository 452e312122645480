/**
 * Text cut where a voice can begin to speak it. Pure.
 */

const CLAUSE = /[^]*?[,.;:?!](?=\s)/g;

/**
 * The clauses of `text` that can be played, and the tail that waits for its end.
 *
 * @param {string} text
 * @returns {{clauses: string[], tail: string}}
 */
export function splitClauses(text) {
  const clauses = text.match(CLAUSE) ?? [];
  return { clauses, tail: text.slice(clauses.join("").length) };
}

/**
 * The beginning of `text` up to the end of its word number `count`, spaces kept.
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
