/**
 * Text as the fonts can show it. What they cannot (Chinese, Arabic, emoji, ...) would be empty boxes, and scripts that
 * run from right to left would come out backwards; such runs are replaced by a mark that says what is missing.
 */

import { scriptOf } from './scripts.ts'
import { missingCharacters, type Words } from './words.ts'

export interface LegibleText {
  text: string
  /** Something was replaced: `text` is not what was written. */
  altered: boolean
}

/** Whether the fonts have a glyph for it. */
export type HasGlyph = (codePoint: number) => boolean

/** Shown by nothing of its own; without the characters that they join they have no use. */
const INVISIBLE = /\p{Default_Ignorable_Code_Point}/gu
const CONTROLS = /[^\P{Cc}\n]/gu
const SPACES = /[\p{Zs}\t]/gu

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Composed (NFC), without control characters, and with a mark for each run that the fonts lack. */
export function legible(source: string, hasGlyph: HasGlyph, words: Words): LegibleText {
  const text = source.toWellFormed().normalize('NFC').replace(SPACES, ' ').replace(CONTROLS, '')
  if (isShown(text, hasGlyph)) return { text, altered: false }

  let result = ''
  let run = ''
  let altered = false
  const endRun = () => {
    if (run === '') return
    const count = [...graphemes.segment(run)].length
    // Not to be broken over two lines.
    result += missingCharacters(words, count, scriptOf(run)).replaceAll(' ', '\u00a0')
    altered = true
    run = ''
  }
  for (const { segment } of graphemes.segment(text)) {
    const visible = segment.replace(INVISIBLE, '')
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

function isShown(text: string, hasGlyph: HasGlyph): boolean {
  for (const character of text) {
    if (character !== '\n' && !hasGlyph(character.codePointAt(0) ?? 0)) return false
  }
  return true
}

/** Points that a text is wide. A word is measured with the space behind it, as it is set. */
export type Measure = (text: string) => number

/** The lines that a text takes in so many points. Words that are too long for a line are broken anywhere. */
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

/** Where the name of a file or an address may be broken without hurting. */
const SEAM = /[-_./@?&=:,;]/
/** A part that ends at a seam must be at least so full, or the seam is not worth it. */
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
