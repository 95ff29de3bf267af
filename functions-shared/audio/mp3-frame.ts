/** The header of four bytes that each frame of an MP3 file begins with (MPEG audio, layer III). */

export interface Mp3Frame {
  /** Bytes, header included. */
  size: number
  samples: number
  sampleRate: number
  channels: 1 | 2
  /** Bytes between the header and the audio data. */
  sideInformation: number
}

/** Kilobits per second by the header's index; 0 for an index without a defined length. */
const MPEG1_BITRATES = [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0]
const MPEG2_BITRATES = [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0]
/** By version: 2.5, reserved, 2, 1. */
const SAMPLE_RATES = [[11025, 12000, 8000], [], [22050, 24000, 16000], [44100, 48000, 32000]]
const MPEG1 = 3
const MONO = 3

/** Null where no frame header is at `at`. The eleven set bits also occur by chance, so the caller checks the next frame, too. */
export function readMp3Frame(bytes: Uint8Array, at: number): Mp3Frame | null {
  const [sync = 0, kind = 0, format = 0, mode = 0] = bytes.subarray(at, at + 4)
  const isLayer3 = (kind & 0xe6) === 0xe2
  if (sync !== 0xff || !isLayer3) return null
  const version = (kind >> 3) & 3
  const bitrate = (version === MPEG1 ? MPEG1_BITRATES : MPEG2_BITRATES)[format >> 4] ?? 0
  const sampleRate = SAMPLE_RATES[version]?.[(format >> 2) & 3] ?? 0
  if (bitrate === 0 || sampleRate === 0) return null
  const samples = version === MPEG1 ? 1152 : 576
  const padding = (format >> 1) & 1
  const channels = mode >> 6 === MONO ? 1 : 2
  return {
    size: Math.floor((samples * 125 * bitrate) / sampleRate) + padding,
    samples,
    sampleRate,
    channels,
    sideInformation: version === MPEG1 ? (channels === 1 ? 17 : 32) : channels === 1 ? 9 : 17,
  }
}
