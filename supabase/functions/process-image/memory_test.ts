import type { ImageType } from '../../../functions-shared/file-type.ts'
import { assertEquals } from '../_shared/testing/asserts.ts'
import { DEFAULT_MEMORY_MB, estimateDecodeBytes } from './memory.ts'

const MB = 1024 * 1024

/** What phones and cameras send, and whether 256 MB are enough for it. */
const CASES: readonly (readonly [string, ImageType, number, number, boolean, boolean])[] = [
  ['a 12 megapixel JPEG', 'jpeg', 4000, 3000, false, true],
  ['a 48 megapixel JPEG', 'jpeg', 8064, 6048, false, true],
  ['a 12 megapixel progressive JPEG', 'jpeg', 4000, 3000, true, true],
  ['a 48 megapixel progressive JPEG', 'jpeg', 8064, 6048, true, false],
  ['a screenshot', 'png', 1290, 2796, false, true],
  ['a 50 megapixel PNG', 'png', 10_000, 5_000, false, false],
  ['a 12 megapixel WebP', 'webp', 4000, 3000, false, true],
  ['a 12 megapixel HEIC', 'heic', 4032, 3024, false, false],
  ['a 5 megapixel HEIC', 'heic', 2592, 1944, false, true],
]

for (const [name, type, width, height, progressive, fits] of CASES) {
  Deno.test(`${name} ${fits ? 'fits' : 'does not fit'} into the memory of a hosted function`, () => {
    const needed = estimateDecodeBytes(type, { width, height, progressive }, 4 * MB)
    assertEquals(needed <= DEFAULT_MEMORY_MB * MB, fits, `${Math.round(needed / MB)} MB`)
  })
}
