import { PNG } from 'pngjs'
import { expect, test } from 'vitest'
import { encodeGif, type Frame } from './animation.ts'

/** A picture in one colour, with one pixel of another. */
function frame(size: number, dot: number): Frame {
  const image = new PNG({ width: size, height: size })
  image.data.fill(255)
  image.data.set([255, 0, 0, 255], dot * 4)
  return { png: PNG.sync.write(image), shownMs: 200 }
}

test('holds every frame, and only the changed pixels of later frames', () => {
  const gif = encodeGif([frame(64, 0), frame(64, 1), frame(64, 2)])
  expect(Buffer.from(gif.subarray(0, 6)).toString('latin1')).toBe('GIF89a')
  // Graphic control extensions, one a frame: 21 f9 04 <flags> <delay, hundredths, little endian>.
  const controls =
    Buffer.from(gif)
      .toString('hex')
      .match(/21f904..1400/g) ?? []
  expect(controls).toHaveLength(3)
  const one = encodeGif([frame(64, 0)])
  expect(gif.length - one.length).toBeLessThan(one.length)
})

test('refuses frames of different sizes, and none', () => {
  expect(() => encodeGif([frame(8, 0), frame(9, 0)])).toThrow('differ in size')
  expect(() => encodeGif([])).toThrow('no frames')
})
