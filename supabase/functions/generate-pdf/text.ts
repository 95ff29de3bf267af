/**
 * Prepares text for the report's fonts. Characters that the fonts lack (Chinese, Arabic, emoji, ...) would be empty
 * boxes, and right-to-left scripts would be drawn backwards. A mark that names the script replaces each run of them.
 *
 * Ligatures, full-width digits, `№` and the like are other forms of letters that the fonts have: those letters are drawn.
 */

import { scriptOf } from './scripts.ts'
import { missingCharacters, type Words } from './words.ts'

export interface LegibleText {
  text: string
  /** Whether `text` has marks in place of characters. */
  altered: boolean
}

/** Whether the fonts have a glyph for the code point. */
export type HasGlyph = (codePoint: number) => boolean

/** Joiners and selectors, which have no glyph of their own and only change their neighbours. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu
const CONTROLS = /[^\P{Cc}\n]/gu
const SPACES = /[\p{Zs}\t]/gu

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Text in NFC without control characters, with a mark for each run of characters that the fonts lack. */
export function legible(source: string, hasGlyph: HasGlyph, words: Words): LegibleText {
  const text = source.toWellFormed().normalize('NFC').replace(SPACES, ' ').replace(CONTROLS, '')
  if (isShown(text, hasGlyph)) return { text, altered: false }

  let result = ''
  let run = ''
  let altered = false
  const endRun = () => {
    if (run === '') return
    const count = [...graphemes.segment(run)].length
    // No-break spaces keep a mark on one line.
    result += missingCharacters(words, count, scriptOf(run)).replaceAll(' ', '\u00a0')
    altered = true
    run = ''
  }
  for (const { segment } of graphemes.segment(text)) {
    const visible = drawable(segment.replace(INVISIBLE, ''), hasGlyph)
    if (isShown(visible, hasGlyph)) {
      endRun()
      result += visible
    } else {
      run += segment
    }
  }
  endRun()
  return { text: result, altered }
}

/** The text, or its letters without compatibility forms (Unicode's NFKC) where the fonts lack the forms. */
function drawable(text: string, hasGlyph: HasGlyph): string {
  return isShown(text, hasGlyph) ? text : text.normalize('NFKC').replace(SPACES, ' ')
}

function isShown(text: string, hasGlyph: HasGlyph): boolean {
  for (const character of text) {
    if (character !== '\n' && !hasGlyph(character.codePointAt(0) ?? 0)) return false
  }
  return true
}

/** Width of a text in points. A word is measured with the space after it. */
export type Measure = (text: string) => number

/** Breaks a text into lines of a width in points. A word that is wider than a line is broken at any character. */
export function breakLines(text: string, width: number, measure: Measure): string[] {
  return text.split('\n').flatMap((paragraph) => breakParagraph(paragraph, width, measure))
}

function breakParagraph(paragraph: string, width: number, measure: Measure): string[] {
  const lines: string[] = []
  let line = ''
  let used = 0
  for (const word of paragraph.split(/ +/)) {
    if (word === '') continue
    const wordWidth = measure(word)
    if (line !== '' && used + wordWidth <= width) {
      line += `${word} `
      used += measure(`${word} `)
      continue
    }
    if (line !== '') lines.push(line.trimEnd())
    const parts = wordWidth <= width ? [word] : breakWord(word, width, measure)
    const last = parts.pop() ?? ''
    lines.push(...parts)
    line = `${last} `
    used = measure(line)
  }
  lines.push(line.trimEnd())
  return lines
}

/** Characters after which a file name or a URL is preferably broken. */
const SEAM = /[-_./@?&=:,;]/
/** Share of the line that a part ending at a seam must fill; otherwise the word is broken at any character. */
const WORTH = 0.5

function breakWord(word: string, width: number, measure: Measure): string[] {
  const parts: string[] = []
  let part = ''
  let used = 0
  // Behind the last seam of the part.
  let seam = 0
  let usedAtSeam = 0
  for (const { segment } of graphemes.segment(word)) {
    const segmentWidth = measure(segment)
    if (part !== '' && used + segmentWidth > width) {
      const atSeam = usedAtSeam >= width * WORTH
      parts.push(atSeam ? part.slice(0, seam) : part)
      part = atSeam ? part.slice(seam) : ''
      used = atSeam ? used - usedAtSeam : 0
      seam = 0
      usedAtSeam = 0
    }
    part += segment
    used += segmentWidth
    if (SEAM.test(segment)) {
      seam = part.length
      usedAtSeam = used
    }
  }
  parts.push(part)
  return parts
}
