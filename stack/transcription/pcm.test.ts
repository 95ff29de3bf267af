import { describe, expect, test } from 'vitest'
import { readAudioFacts } from '../../functions-shared/audio/facts.ts'
import { decode } from './pcm.ts'

/** Ogg's checksum: CRC-32 with polynomial 0x04c11db7, not reflected. */
function checksum(bytes: Uint8Array): number {
  let sum = 0
  for (const byte of bytes) {
    sum ^= byte << 24
    for (let bit = 0; bit < 8; bit += 1) sum = sum & 0x80000000 ? (sum << 1) ^ 0x04c11db7 : sum << 1
  }
  return sum >>> 0
}

function page(packets: readonly Uint8Array[], position: number, number: number): Uint8Array {
  const head = Buffer.alloc(27 + packets.length)
  head.write('OggS')
  head.writeUInt8(number === 0 ? 2 : 0, 5)
  head.writeBigUInt64LE(BigInt(position), 6)
  head.writeUInt32LE(number, 18)
  head.writeUInt8(packets.length, 26)
  for (const [index, packet] of packets.entries()) head.writeUInt8(packet.length, 27 + index)
  const whole = Buffer.concat([head, ...packets])
  whole.writeUInt32LE(checksum(whole), 22)
  return whole
}

/** Pages of half a minute each, 120 ms in every two bytes. The file states a duration of one second. */
function crammed(pages: number): Uint8Array {
  const head = Buffer.from('4f707573486561640102380180bb0000000000', 'hex')
  const tags = Buffer.concat([Buffer.from('OpusTags'), Buffer.alloc(8)])
  const packets = Array.from({ length: 255 }, () => Uint8Array.of(0x1b, 2))
  const sound = Array.from({ length: pages }, (_, index) => page(packets, 48_000, index + 2))
  return new Uint8Array(Buffer.concat([page([head], 0, 0), page([tags], 0, 1), ...sound]))
}

async function lengths(bytes: Uint8Array, signal = new AbortController().signal): Promise<number[]> {
  const facts = readAudioFacts(bytes, 'ogg')
  if (facts === null) throw new Error('no audio')
  const seconds: number[] = []
  for await (const { samples, sampleRate } of decode(bytes, 'ogg', facts, signal) ?? []) {
    seconds.push(samples.length / sampleRate)
  }
  return seconds
}

describe('a recording with more sound than its stated duration', () => {
  test('is decoded page by page, up to the stated duration', async () => {
    const seconds = await lengths(crammed(10))
    expect(Math.max(...seconds)).toBeGreaterThan(1)
    // One page. The whole file would be five minutes.
    expect(seconds.reduce((sum, length) => sum + length, 0)).toBeLessThan(62)
  })
})

test('nothing is decoded after the caller has closed the connection', async () => {
  await expect(lengths(crammed(1), AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone')
})
