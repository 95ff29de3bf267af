import { describe, expect, it } from 'vitest'
import { encodeControl, splitControl } from './control.ts'

const NONCE = 'b0f0a2c4-nonce'
const READY = encodeControl(NONCE, { event: 'ready', port: 4321 }).trimEnd()
const BUSY = encodeControl(NONCE, { event: 'background', busy: true }).trimEnd()

describe('splitControl', () => {
  it.each([
    ['plain output', 'plain output', []],
    [READY, '', [{ event: 'ready', port: 4321 }]],
    [`no line break${READY}`, 'no line break', [{ event: 'ready', port: 4321 }]],
    [
      `a${READY}${BUSY}b`,
      'ab',
      [
        { event: 'ready', port: 4321 },
        { event: 'background', busy: true },
      ],
    ],
    [encodeControl('other', { event: 'ready', port: 1 }).trimEnd(), 'other{"event":"ready","port":1}', []],
    [`\u001e${NONCE}{"event":"unknown"}\u001e`, `${NONCE}{"event":"unknown"}`, []],
    [`\u001e${NONCE}not json\u001e`, `${NONCE}not json`, []],
    [`\u001e${NONCE}`, NONCE, []],
  ])('of %j', (line, text, messages) => expect(splitControl(NONCE, line)).toEqual({ text, messages }))
})
