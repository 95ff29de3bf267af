/** The database and the functions clean text by the same rules. */

import { expect, test } from 'vitest'
import { sanitizeText } from '../../functions-shared/sanitize.ts'
import { createTestDatabase, withClient } from '../../stack/testing/database.ts'
import { randomFrom } from '../../stack/testing/seeded-random.ts'
import { at } from './support.ts'

const LENGTH = 100_000
/** What one of the rules is about, and ordinary text around it. */
const PIECES = [
  ...'ab <>&"\\/\t\n\r\v\f\b\u0001\u001f\u007f\u0080\u0085\u009f\u00a0\u2003\u2028\u2029\u3000\ufeff',
  ...'\u200b\u200c\u200d\u200e\u200f\u202a\u202e\u202f\u2066\u2069\ufff9\ufffb\ufffd\ufdd0\ufffe\uffff',
  ...'e\u0301éß漢אع👩🏽\ufe0f',
  '\u{1fffe}',
  '\u{10ffff}',
  '\r\n',
  // Runs of combining marks near the limit of 30, marks that decompose into two, and characters that decompose into marks.
  '\u0301\u0323'.repeat(14),
  '\u0323'.repeat(29),
  '\u0301'.repeat(40),
  '\u0344'.repeat(20),
  '\u0344',
  '\u0958',
  '\u{1d15e}',
  '\u{e0100}',
  '\u1100\u1161\u11a8',
  '\\u0001',
  '\\r',
]

test('texts and JSON of every kind of character come out as those of sanitizeText', async () => {
  await using database = await createTestDatabase()
  const random = randomFrom(20_261_123)
  const piece = () => at(PIECES, Math.floor(random() * PIECES.length))
  const texts = Array.from({ length: 3_000 }, () =>
    Array.from({ length: Math.floor(random() * 12) }, piece).join(''),
  )
  await withClient(database.urls.postgres, async (client) => {
    const { rows } = await client.query<{ text: string; json: string }>(
      `select coalesce(private.clean_text(dirty, $2), '') as text,
         private.cut_mark_runs(normalize(private.cut_mark_runs(
           private.clean_json(jsonb_build_object('text', '>' || dirty || '<')) ->> 'text'
         ))) as json
       from unnest($1::text[]) with ordinality as sample (dirty, position) order by position`,
      [texts, LENGTH],
    )
    const limits = { maxLength: LENGTH, multiline: true }
    expect(rows.map((row) => row.text)).toEqual(texts.map((text) => sanitizeText(text, limits)))
    // clean_json neither trims nor composes nor cuts: the query above does the latter two, and < and > protect spaces.
    expect(rows.map((row) => row.json)).toEqual(texts.map((text) => sanitizeText(`>${text}<`, limits)))
  })
})

test('private.combining_marks() are the characters that JavaScript calls \\p{M}', async () => {
  await using database = await createTestDatabase()
  const marks = Array.from({ length: 0x110000 }, (_, point) => point).filter(
    (point) => (point < 0xd800 || point > 0xdfff) && /^\p{M}$/u.test(String.fromCodePoint(point)),
  )
  await withClient(database.urls.postgres, async (client) => {
    const { rows } = await client.query<{ points: number[] }>(
      `select array_agg(point order by point) as points
       from generate_series(1, x'10ffff'::integer) as point
       where point not between x'd800'::integer and x'dfff'::integer
         and chr(point) ~ ('[' || private.combining_marks() || ']')`,
    )
    expect(at(rows, 0).points).toEqual(marks)
  })
})

test('2 MB of alternating combining marks are cut before they are normalised, and a running call can be cancelled', async () => {
  await using database = await createTestDatabase()
  await withClient(database.urls.postgres, async (client) => {
    await client.query(`set statement_timeout = '5s'`)
    const { rows } = await client.query<{ clean: string }>(
      `select private.clean_text('a' || repeat(U&'\\0301\\0323', 500000), 1000000) as clean`,
    )
    expect(at(rows, 0).clean).toBe(`a${'\u0323'.repeat(15)}${'\u0301'.repeat(15)}`.normalize('NFC'))
    await client.query(`set statement_timeout = '300ms'`)
    const endless = client.query(
      `select count(private.clean_text('a' || repeat(U&'\\0301\\0323b', 300000) || n, 1000000)) from generate_series(1, 1000) as n`,
    )
    await expect(endless).rejects.toMatchObject({ code: '57014' })
  })
})
