/** JSON from callers. A value that is nested very deeply would overflow the stack of the code that walks it. */

/**
 * Levels of arrays and objects. PostgreSQL reads about 6,000 levels, and Node writes about as many. Messages of
 * applications have fewer than a hundred.
 */
const MAX_DEPTH = 1000

/** @throws SyntaxError for a text that is no JSON, and for JSON that is nested deeper than 1,000 levels */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new SyntaxError(`JSON is nested deeper than ${MAX_DEPTH} levels`)
  return JSON.parse(text)
}

/** Counts brackets outside of strings. The parser checks whether they match. */
export function isTooDeep(text: string): boolean {
  if (text.length <= MAX_DEPTH) return false
  let depth = 0
  for (let index = 0; index < text.length; index++) {
    switch (text.charCodeAt(index)) {
      case QUOTE:
        index = endOfString(text, index)
        break
      case OPEN_ARRAY:
      case OPEN_OBJECT:
        depth += 1
        if (depth > MAX_DEPTH) return true
        break
      case CLOSE_ARRAY:
      case CLOSE_OBJECT:
        depth -= 1
        break
    }
  }
  return false
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

/** @param start index of the opening quote @returns the index of the closing quote, or of the text's end */
function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index)
    if (code === QUOTE) return index
    if (code === BACKSLASH) index += 1
  }
  return text.length
}
