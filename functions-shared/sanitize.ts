/**
 * Sanitises text from outside once, before it is stored, so that readers need no further cleaning. The result is plain
 * text that PostgreSQL's `jsonb` accepts. The result is not HTML: pages must show it as text.
 *
 * Removed: control characters (also U+0000, which `jsonb` refuses), characters that reorder the text around
 * them (bidi embeddings, overrides and isolates: "gpj.exe" that reads "exe.jpg"), byte order marks,
 * noncharacters. Replaced: lone surrogates by U+FFFD, line separators and CR LF by LF.
 * Cut, before it is normalised: the text, to four times its limit, and runs of combining marks, to 30 as in Unicode's
 * stream-safe text format. Normalising a long run takes a time that grows with the square of its length.
 * Kept: joiners and direction marks, which Arabic, Hebrew, Indic scripts and emoji need.
 */

export interface TextLimits {
  /** Most code points. A longer text is cut and ends with an ellipsis. */
  maxLength: number
  /** True keeps line breaks and tabs; false replaces them by spaces. Default false. */
  multiline?: boolean
}

const LINE_BREAKS = /\r\n?|\u0085|\u2028|\u2029/g
const WHITE_SPACE = /[\t\n\v\f]+/g
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this removes
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g
const REORDERING = /[\u202a-\u202e\u2066-\u2069]/g
const INVISIBLE = /[\ufeff\ufff9-\ufffb]|\p{Noncharacter_Code_Point}/gu
/** The database has the same characters in `private.combining_marks()`. */
const MARK_RUN = /(\p{M}{30})\p{M}+/gu
const ELLIPSIS = '…'
const JOINER_AT_END = /[\u200d\ufe0f]+$/

/** Safe plain text, trimmed and in Unicode's composed form (NFC). Applying it twice changes nothing. */
export function sanitizeText(text: string, limits: TextLimits): string {
  const short = firstPoints(text, limits.maxLength * 4 + 64)
  const broken = short.toWellFormed().replace(LINE_BREAKS, '\n')
  const lines = limits.multiline === true ? broken : broken.replace(WHITE_SPACE, ' ')
  const clean = lines
    .replace(CONTROLS, '')
    .replace(REORDERING, '')
    .replace(INVISIBLE, '')
    .replace(MARK_RUN, '$1')
    .normalize('NFC')
    // Some characters decompose into several marks.
    .replace(MARK_RUN, '$1')
    .trim()
  return cut(clean, limits.maxLength)
}

/** The first `count` code points. */
function firstPoints(text: string, count: number): string {
  if (text.length <= count) return text
  // A code point has at most two UTF-16 units.
  return Array.from(text.slice(0, count * 2))
    .slice(0, count)
    .join('')
}

function cut(text: string, maxLength: number): string {
  // A string has at least as many UTF-16 units as code points: the common case needs no counting.
  if (text.length <= maxLength) return text
  const points = Array.from(text)
  if (points.length <= maxLength) return text
  if (maxLength < 1) return ''
  return (
    points
      .slice(0, maxLength - 1)
      .join('')
      .replace(JOINER_AT_END, '')
      .trimEnd() + ELLIPSIS
  )
}
