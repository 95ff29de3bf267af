import { assertEquals } from '../_shared/testing/asserts.ts'
import { countWords } from './words.ts'

for (const [text, count] of [
  ['', 0],
  ['  \n ', 0],
  ['A grey van hit my car.', 6],
  ["It wasn't me – really!", 4],
  ['am 20. November um 7:30 Uhr', 7],
  ['Ένα γκρι φορτηγάκι', 3],
  ['我的车被撞了', 5],
] as const) {
  Deno.test(`${JSON.stringify(text)} has ${count} words`, () => {
    assertEquals(countWords(text), count)
  })
}
