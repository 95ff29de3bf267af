/**
 * Complete, unmasked WebSocket frames (RFC 6455 section 5.2). A message for a thousand subscribers is framed
 * once and the same bytes are written to every socket.
 */

const FIN = 0x80
const OPCODE = { text: 0x1, binary: 0x2 } as const

/** Bytes ready to be written to a socket. */
export type WireFrame = Buffer

export function textFrame(text: string): WireFrame {
  const length = Buffer.byteLength(text)
  const frame = allocate(OPCODE.text, length)
  frame.write(text, frame.length - length)
  return frame
}

export function binaryFrame(...parts: Buffer[]): WireFrame {
  let length = 0
  for (const part of parts) length += part.length
  const frame = allocate(OPCODE.binary, length)
  let offset = frame.length - length
  for (const part of parts) {
    part.copy(frame, offset)
    offset += part.length
  }
  return frame
}

function allocate(opcode: number, length: number): Buffer {
  const header = length < 126 ? 2 : length < 0x10000 ? 4 : 10
  const frame = Buffer.allocUnsafe(header + length)
  frame[0] = FIN | opcode
  if (header === 2) {
    frame[1] = length
  } else if (header === 4) {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = 127
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  return frame
}
