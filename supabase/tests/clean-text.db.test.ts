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
    const { rows } = await client.query<{ text: string; json: { text: string } }>(
      `select coalesce(private.clean_text(dirty, $2), '') as text,
         private.clean_json(jsonb_build_object('text', '>' || dirty || '<')) as json
       from unnest($1::text[]) with ordinality as sample (dirty, position) order by position`,
      [texts, LENGTH],
    )
    const limits = { maxLength: LENGTH, multiline: true }
    expect(rows.map((row) => row.text)).toEqual(texts.map((text) => sanitizeText(text, limits)))
    // JSON is neither trimmed nor composed: what is trimmed stands between two marks here.
    expect(rows.map((row) => row.json.text.normalize('NFC'))).toEqual(
      texts.map((text) => sanitizeText(`>${text}<`, limits)),
    )
  })
})
