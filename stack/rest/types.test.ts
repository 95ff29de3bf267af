import { describe, expect, test } from 'vitest'
import { typesConfig } from './types.ts'

const BIGINT_ARRAY = 1016
const TIMESTAMPTZ_ARRAY = 1185
const config = typesConfig(
  () =>
    new Map([
      [BIGINT_ARRAY, { element: 20, delimiter: ',' }],
      [TIMESTAMPTZ_ARRAY, { element: 1184, delimiter: ',' }],
    ]),
)
const parsed = (oid: number, text: string): unknown => config.getTypeParser(oid)(text)

describe('values', () => {
  test.each([
    [16, 't', true],
    [16, 'f', false],
    [20, '42', 42],
    [20, '9223372036854775807', 9223372036854775807n],
    [1700, '1.50', 1.5],
    [1700, 'NaN', 'NaN'],
    [701, 'Infinity', 'Infinity'],
    [3802, '{"a": [1, null]}', { a: [1, null] }],
    [3802, '"text"', 'text'],
    [1184, '2026-01-02 03:04:05+00', '2026-01-02T03:04:05+00:00'],
    [1184, '2026-01-02 03:04:05.123456+05:30', '2026-01-02T03:04:05.123456+05:30'],
    [1184, '12026-01-02 03:04:05+00', '12026-01-02T03:04:05+00:00'],
    [1184, 'infinity', 'infinity'],
    [1114, '2026-01-02 03:04:05', '2026-01-02T03:04:05'],
    [1082, '2026-01-02', '2026-01-02'],
    [25, 'plain', 'plain'],
    [17, '\\x00ff', '\\x00ff'],
    [BIGINT_ARRAY, '{1,NULL,3}', [1, null, 3]],
    [
      BIGINT_ARRAY,
      '{{1,2},{3,NULL}}',
      [
        [1, 2],
        [3, null],
      ],
    ],
    [TIMESTAMPTZ_ARRAY, '{"2026-01-02 03:04:05+00"}', ['2026-01-02T03:04:05+00:00']],
  ])('of type %i: %s', (oid, text, expected) => {
    expect(parsed(oid, text)).toEqual(expected)
  })
})
