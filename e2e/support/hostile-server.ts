/** A file server that does to a downloader everything a file server can do wrong. */

import { readFileSync } from 'node:fs'
import { createServer, type Server, type Socket } from 'node:net'
import { sampleVoiceNotePath } from '../../samples/voice-notes.ts'
import { faultyRecording } from './voice-faults.ts'

const HTML = '<!doctype html><title>Please sign in</title>'
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
const FLOOD_CHUNK = Buffer.alloc(64 * 1024, 0x41)

const voiceNote = (name: Parameters<typeof sampleVoiceNotePath>[0]) => readFileSync(sampleVoiceNotePath(name))

type Behaviour = (socket: Socket) => void

export interface HostileServer extends AsyncDisposable {
  readonly origin: string
  urlOf(name: HostileFile): string
  /** Paths asked for so far. */
  readonly requests: readonly string[]
}

/** `photo` is the JPEG that the truncated and understated answers are cut from. */
function behaviours(photo: Buffer) {
  return {
    'good.jpg': respond(photo, 'image/jpeg'),
    'estimate.pdf': respond(Buffer.from('%PDF-1.7'), 'application/pdf'),
    'page.html': respond(Buffer.from(HTML), 'text/html'),
    'drawing.svg': respond(Buffer.from(SVG), 'image/svg+xml'),
    'truncated.jpg': respond(photo.subarray(0, Math.floor(photo.length / 2)), 'image/jpeg'),
    'empty.jpg': respond(Buffer.alloc(0), 'image/jpeg'),
    'missing.jpg': head('404 Not Found', ['content-length: 0']),
    'redirect-private.jpg': head('302 Found', ['location: http://10.0.0.1/secret.jpg', 'content-length: 0']),
    'redirect-metadata.jpg': head('302 Found', [
      'location: http://169.254.169.254/latest/',
      'content-length: 0',
    ]),
    'redirect-loop.jpg': head('302 Found', ['location: /redirect-loop.jpg', 'content-length: 0']),
    'understated.jpg': understated(photo),
    'endless.jpg': endless,
    'silent.jpg': () => undefined,
    'broken-off.jpg': brokenOff(photo),
    'voice-note.wav': respond(voiceNote('wav'), 'audio/wav'),
    'voice-note.ogg': respond(voiceNote('ogg'), 'audio/ogg'),
    'recorded.mp4': respond(voiceNote('recordedMp4'), 'video/mp4'),
    'ogg-called.mp3': respond(voiceNote('ogg'), 'audio/mpeg'),
    'photo-called.m4a': respond(photo, 'audio/mp4'),
    'busy.wav': respond(faultyRecording('busy.wav'), 'audio/wav'),
    'failing.wav': respond(faultyRecording('failing.wav'), 'audio/wav'),
    'hanging.wav': respond(faultyRecording('hanging.wav'), 'audio/wav'),
    'stalling.wav': respond(faultyRecording('stalling.wav'), 'audio/wav'),
    'refused.wav': respond(faultyRecording('refused.wav'), 'audio/wav'),
    'truncated.wav': respond(voiceNote('wav').subarray(0, 20_000), 'audio/wav'),
  } satisfies Record<string, Behaviour>
}

export type HostileFile = keyof ReturnType<typeof behaviours>

function respond(body: Buffer, type: string): Behaviour {
  return (socket) => {
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n`,
    )
    socket.end(body)
  }
}

function head(status: string, headers: string[]): Behaviour {
  return (socket) => socket.end(`HTTP/1.1 ${status}\r\n${headers.join('\r\n')}\r\nconnection: close\r\n\r\n`)
}

/** Announces a quarter of what it sends. */
function understated(body: Buffer): Behaviour {
  return (socket) => {
    socket.write(
      `HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: ${Math.floor(body.length / 4)}\r\n\r\n`,
    )
    socket.end(body)
  }
}

/** Announces the whole, sends half and hangs up. */
function brokenOff(body: Buffer): Behaviour {
  return (socket) => {
    socket.write(`HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ncontent-length: ${body.length}\r\n\r\n`)
    socket.end(body.subarray(0, Math.floor(body.length / 2)))
  }
}

function endless(socket: Socket): void {
  socket.write('HTTP/1.1 200 OK\r\ncontent-type: image/jpeg\r\ntransfer-encoding: chunked\r\n\r\n')
  const chunk = Buffer.concat([
    Buffer.from(`${FLOOD_CHUNK.length.toString(16)}\r\n`),
    FLOOD_CHUNK,
    Buffer.from('\r\n'),
  ])
  const pump = () => {
    while (!socket.destroyed && socket.write(chunk));
  }
  socket.on('drain', pump)
  pump()
}

export async function startHostileServer(photoPath: string): Promise<HostileServer> {
  const files = new Map<string, Behaviour>(Object.entries(behaviours(readFileSync(photoPath))))
  const sockets = new Set<Socket>()
  const requests: string[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    socket.once('data', (data) => {
      const path = /^[A-Z]+ (\S+)/.exec(data.toString('latin1'))?.[1] ?? '/'
      requests.push(path)
      const behaviour = files.get(path.slice(1)) ?? head('404 Not Found', ['content-length: 0'])
      behaviour(socket)
    })
  })
  const origin = await listen(server)
  return {
    origin,
    requests,
    urlOf: (name) => `${origin}/${name}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server has no port')
  return `http://127.0.0.1:${address.port}`
}
