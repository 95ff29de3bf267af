import { assertEquals } from '../../../_shared/testing/asserts.ts'
import { languageTag } from './languages.ts'

for (const [given, expected] of [
  ['english', 'en'],
  ['German', 'de'],
  ['vietnamese', 'vi'],
  ['haitian creole', 'ht'],
  ['castilian', 'es'],
  ['myanmar', 'my'],
  ['de', 'de'],
  ['pt-br', 'pt-BR'],
  ['zh-Hant-TW', 'zh-Hant-TW'],
  ['klingonese', null],
  ['', null],
  ['de_DE', null],
  [undefined, null],
  [7, null],
] as const) {
  Deno.test(`the language ${JSON.stringify(given)} is ${expected}`, () => {
    assertEquals(languageTag(given), expected)
  })
}
