import { concat } from '../_shared/std.ts'
import { assertAlmostEquals, assertEquals } from '../_shared/testing/asserts.ts'
import { readMetadata } from './metadata.ts'
import { samplePhoto } from './testing/images.ts'

Deno.test('a photo’s EXIF gives time, position and camera', async () => {
  const { position, ...rest } = readMetadata(await samplePhoto('front-damage'))
  assertEquals(rest, {
    takenAt: '2026-11-20T17:44:03+01:00',
    camera: { make: 'Claimwire', model: 'Sample Phone 7', lens: 'Sample lens 5.1mm f/1.8' },
    orientation: 6,
  })
  assertAlmostEquals(position?.latitude ?? 0, 52.5163, 0.00001)
  assertAlmostEquals(position?.longitude ?? 0, 13.37769, 0.00001)
})

Deno.test('positions in the south and west are negative', async () => {
  const photo = await samplePhoto('front-damage')
  const turned = photo.map((byte, index) => {
    // The references are the texts "N\0" and "E\0" in entries 1 and 3 of the GPS directory.
    const entry = [photo[index - 8], photo[index - 6], photo[index - 4]].join()
    if (byte === 0x4e && entry === '1,2,2') return 0x53
    return byte === 0x45 && entry === '3,2,2' ? 0x57 : byte
  })
  const { position } = readMetadata(turned)
  assertAlmostEquals(position?.latitude ?? 0, -52.5163, 0.00001)
  assertAlmostEquals(position?.longitude ?? 0, -13.37769, 0.00001)
})

Deno.test('a file without metadata, or with broken metadata, gives empty metadata', async () => {
  assertEquals(readMetadata(new Uint8Array()), {})
  assertEquals(readMetadata(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)), {})
  const photo = await samplePhoto('front-damage')
  for (let cut = 4; cut < 500; cut += 7) readMetadata(photo.slice(0, cut))
})

Deno.test('metadata are read from a view into a larger buffer', async () => {
  const photo = await samplePhoto('front-damage')
  const view = concat([new Uint8Array(9), photo]).subarray(9)
  assertEquals(readMetadata(view).orientation, 6)
})
