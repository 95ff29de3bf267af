import { assert, assertEquals } from '../_shared/testing/asserts.ts'
import { fileNameFor } from './file-name.ts'
import { formatBytes, formatPosition, formatTakenAt, formatTime } from './format.ts'
import { breakLines, legible } from './text.ts'
import { wordsFor } from './words.ts'

const EN = wordsFor('en')
/** Measures one point for each character. */
const measure = (text: string) => text.length
const inLatin = (codePoint: number) => codePoint < 0x250 || codePoint === 0x2019

function shown(text: string): string {
  return legible(text, inLatin, EN).text.replaceAll('\u00a0', ' ')
}

for (const [text, expected] of [
  ['Zoë', 'Zoë'],
  ['Zoe\u0308', 'Zoë'],
  ['王小明', '[3 characters: Chinese]'],
  ['Mr 王 and Mr 李', 'Mr [1 character: Chinese] and Mr [1 character: Chinese]'],
  ['東京タワー', '[5 characters: Japanese]'],
  ['한국', '[2 characters: Korean]'],
  ['שלום', '[4 characters: Hebrew]'],
  ['مرحبا', '[5 characters: Arabic]'],
  ['a🚗b', 'a[emoji]b'],
  ['👩‍👩‍👧‍👦👍🏽', '[2 emoji]'],
  ['🇩🇪', '[emoji]'],
  ['\u0000a\u0007\u001b[31mb\u007f', 'a[31mb'],
  ['a\tb\u3000c', 'a b c'],
  ['a\u200bb\u202ec\ufeffd\u00ade', 'abcde'],
  ['\ud800', '[1 character: other]'],
  ['traﬃc oﬀice, ﬁne ﬂat', 'traffic office, fine flat'],
  ['ＡＢ１２３！', 'AB123!'],
  ['№ 7, ℡ 5, ㎞ ⅷ', 'No 7, TEL 5, km viii'],
  ['①②', '12'],
  ['\u202fa', ' a'],
  // Arabic presentation forms are Arabic, which the fonts lack.
  ['\ufe8d\ufedf\ufedb', '[3 characters: Arabic]'],
  ['ｶﾀ', '[2 characters: Japanese]'],
  ['ｶ', '[1 character: Japanese]'],
  ['', ''],
] as const) {
  Deno.test(`${JSON.stringify(text)} is shown as ${expected}`, () => assertEquals(shown(text), expected))
}

Deno.test('a text with replaced characters is marked as altered', () => {
  assertEquals(legible('plain', inLatin, EN).altered, false)
  assertEquals(legible('王', inLatin, EN).altered, true)
})

Deno.test('each line takes as many words as fit', () => {
  assertEquals(breakLines('one two three', 7, measure), ['one two', 'three'])
  assertEquals(breakLines('one  two\n\nthree ', 20, measure), ['one two', '', 'three'])
  assertEquals(breakLines('', 20, measure), [''])
})

Deno.test('a word that is wider than a line is broken, preferably after a separator', () => {
  assertEquals(breakLines('abcdefgh', 3, measure), ['abc', 'def', 'gh'])
  assertEquals(breakLines('see intersection-from-above.jpg now', 14, measure), [
    'see',
    'intersection-',
    'from-above.jpg',
    'now',
  ])
  assertEquals(breakLines('👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 11, measure).length, 2)
})

Deno.test('any text is broken into lines that fit, without losing a character', () => {
  const words = Array.from(
    { length: 400 },
    (_, index) => 'x'.repeat((index * 7) % 23) + '.-'.repeat(index % 3),
  )
  for (const width of [1, 2, 5, 13, 40]) {
    const lines = breakLines(words.join(' '), width, measure)
    assert(lines.every((line) => line.length <= width))
    assertEquals(lines.join('').replaceAll(' ', ''), words.join(''))
  }
})

Deno.test('a word of 100,000 letters is broken in linear time', () => {
  let calls = 0
  breakLines('x'.repeat(100_000), 80, (text) => {
    calls += 1
    return text.length
  })
  assert(calls < 110_000)
})

for (const [title, day, expected] of [
  ['Rear-end collision', '2026-11-20', 'rear-end-collision-2026-11-20.pdf'],
  ['Straße in Łódź, Đà Nẵng', null, 'strasse-in-lodz-da-nang.pdf'],
  ['../../etc/passwd\u0000', null, 'etc-passwd.pdf'],
  ['王小明 🚗', '2026-11-20', 'incident-report-2026-11-20.pdf'],
  ['x'.repeat(300), null, `${'x'.repeat(60)}.pdf`],
] as const) {
  Deno.test(`the report’s file for the title ${JSON.stringify(title.slice(0, 30))} is named ${expected.slice(0, 40)}`, () =>
    assertEquals(fileNameFor(title, day), expected))
}

Deno.test('dates, positions, sizes and durations are formatted in the report’s language', () => {
  assertEquals(formatTakenAt('2026-11-20T17:42:10+01:00', EN), '20 November 2026, 17:42:10 UTC+01:00')
  assert(formatTakenAt('2026-11-20T17:42:10', EN).includes('without time zone'))
  assertEquals(formatTakenAt('yesterday', EN), 'yesterday')
  assertEquals(formatPosition({ latitude: -33.9, longitude: -18.42 }), '33.90000° S, 18.42000° W')
  assertEquals([formatBytes(999, EN), formatBytes(1_204_118, EN)], ['999 B', '1.2 MB'])
  assertEquals([formatTime(5), formatTime(65.9), formatTime(3_661)], ['0:05', '1:05', '1:01:01'])
})
