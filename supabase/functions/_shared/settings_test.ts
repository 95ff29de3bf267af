import * as v from 'valibot'
import { listSetting, optionalSetting, positiveSetting, readSettings, setting } from './settings.ts'
import { assertEquals, assertThrows } from './testing/asserts.ts'

const read = (env: Record<string, string>) =>
  readSettings(
    {
      NAME: optionalSetting,
      COUNT: positiveSetting,
      NAMES: listSetting,
      MODE: setting(v.picklist(['a', 'b'])),
    },
    (name) => env[name],
  )

Deno.test('settings that are not set or blank are undefined, a list is empty', () => {
  const nothing = { NAME: undefined, COUNT: undefined, NAMES: [], MODE: undefined }
  assertEquals(read({}), nothing)
  assertEquals(read({ NAME: ' ', COUNT: '', NAMES: ' , ', MODE: ' ' }), nothing)
})

Deno.test('settings are trimmed', () => {
  assertEquals(read({ NAME: ' x ', COUNT: ' 7 ', NAMES: 'new, old ,', MODE: ' b' }), {
    NAME: 'x',
    COUNT: 7,
    NAMES: ['new', 'old'],
    MODE: 'b',
  })
})

for (const COUNT of ['0', '-1', '1.5', 'many', '1e400']) {
  Deno.test(`COUNT=${COUNT} is refused with the variable's name and without its value`, () => {
    const error = assertThrows(() => read({ COUNT }))
    assertEquals(error instanceof TypeError && error.message, 'COUNT is not a positive whole number')
  })
}
