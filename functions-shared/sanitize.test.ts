import fc from 'fast-check'
import { describe, expect, test, vi } from 'vitest'
import { sanitizeText } from './sanitize.ts'

const line = (text: string, maxLength = 1_000) => sanitizeText(text, { maxLength })
const lines = (text: string) => sanitizeText(text, { maxLength: 1_000, multiline: true })

/** Any string of UTF-16 units, lone surrogates and control characters included. */
const anyText = fc
  .string({ unit: 'binary', maxLength: 200 })
  .chain((text) =>
    fc
      .array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 20 })
      .map((units) => text + String.fromCharCode(...units)),
  )

describe('removes', () => {
  test.each([
    ['U+0000, which jsonb refuses', 'a\u0000b', 'ab'],
    ['control characters', 'a\u0007\u001b[31mb\u007f\u0085c', 'a[31mb c'],
    ['a bidi override that hides an extension', 'photo\u202egpj.exe', 'photogpj.exe'],
    ['bidi isolates', '\u2066a\u2069', 'a'],
    ['a byte order mark', '\ufeffa', 'a'],
    ['noncharacters', 'a\uffff\u{1fffe}\ufdd0b', 'ab'],
  ])('%s', (_, given, expected) => {
    expect(line(given)).toBe(expected)
  })
})

describe('keeps', () => {
  test.each([
    ['HTML as the text it is', '<b onclick="x()">Tom & "Jerry"</b>'],
    ['joined emoji', 'crash 🚗💥 👨‍👩‍👧'],
    ['right-to-left text with its marks', 'שלום\u200f 123'],
    ['Devanagari joiners', 'क्‍ष'],
    ['an invisible joiner in a Persian word', 'می‌خواهم'],
  ])('%s', (_, text) => {
    expect(line(text)).toBe(text)
  })
})

test('replaces lone surrogates, which no database stores', () => {
  expect(line('a\ud83db\udcffc')).toBe('a\ufffdb\ufffdc')
})

test('writes every line break as LF where lines are kept, as a space where not', () => {
  expect(lines('a\r\nb\rc\u2028d\u2029e')).toBe('a\nb\nc\nd\ne')
  expect(line('a\r\nb\tc')).toBe('a b c')
})

test('text is composed (NFC) and trimmed', () => {
  expect(line('  Cafe\u0301 ')).toBe('Café')
})

describe('combining marks', () => {
  test('30 in a row stay, more are cut', () => {
    const marks = `a${'\u0323'.repeat(40)}b`
    expect(line(marks)).toBe(`ạ${'\u0323'.repeat(29)}b`)
  })

  test('marks that decompose into two are counted as two', () => {
    const clean = line(`x${'\u0344'.repeat(30)}`)
    expect(Array.from(clean)).toHaveLength(31)
    expect(line(clean)).toBe(clean)
  })

  test('a million marks in a row are cut before they are normalised', () => {
    const normalize = vi.spyOn(String.prototype, 'normalize')
    line(`a${'\u0301\u0323'.repeat(500_000)}`)
    const longest = Math.max(...normalize.mock.contexts.map((text) => String(text).length))
    normalize.mockRestore()
    expect(longest).toBe(31)
  })
})

test('a long text is cut between code points, with an ellipsis', () => {
  expect(line('💥💥💥💥', 4)).toBe('💥💥💥💥')
  expect(line('💥💥💥💥💥', 4)).toBe('💥💥💥…')
  expect(line('abcdef', 1)).toBe('…')
  expect(line('abcdef', 0)).toBe('')
})

test('any text becomes safe, short enough and stable', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 50 }), fc.boolean(), (text, maxLength, multiline) => {
      const safe = sanitizeText(text, { maxLength, multiline })
      expect(safe.isWellFormed()).toBe(true)
      expect(Array.from(safe).length).toBeLessThanOrEqual(maxLength)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must be gone
      expect(safe).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\ufeff]/)
      if (!multiline) expect(safe).not.toMatch(/[\n\t]/)
      expect(sanitizeText(safe, { maxLength, multiline })).toBe(safe)
    }),
  )
})
