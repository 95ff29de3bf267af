/** A transcription service on loopback, with answers given by the test. It records the requests. */

import { serveHttp, type TestServer } from '../../_shared/testing/http-server.ts'

export interface TestService extends TestServer {
  readonly asked: Asked[]
}

export interface Asked {
  path: string
  authorization: string | null
  fields: Record<string, string[]>
  file: { name: string; type: string; bytes: Uint8Array } | null
}

export function serveTranscriptions(
  answer: (asked: Asked, number: number, headers: Headers) => Response | Promise<Response>,
): TestService {
  const asked: Asked[] = []
  const server = serveHttp(async (request) => {
    const call = await read(request)
    asked.push(call)
    return await answer(call, asked.length, request.headers)
  })
  return { origin: server.origin, asked, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

async function read(request: Request): Promise<Asked> {
  const form = await request.formData()
  const fields: Record<string, string[]> = {}
  let file: Asked['file'] = null
  for (const [name, value] of form) {
    if (typeof value === 'string') fields[name] = [...(fields[name] ?? []), value]
    else file = { name: value.name, type: value.type, bytes: new Uint8Array(await value.arrayBuffer()) }
  }
  return {
    path: new URL(request.url).pathname,
    authorization: request.headers.get('authorization'),
    fields,
    file,
  }
}

/** Events as a service streams them; `end` false leaves the connection open. */
export function eventStream(events: readonly object[], { end = true } = {}): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      const encoder = new TextEncoder()
      for (const event of events) controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`))
      if (end) controller.close()
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } })
}

export const delta = (text: string) => ({ type: 'transcript.text.delta', delta: text })
export const done = (text: string, more: object = {}) => ({ type: 'transcript.text.done', text, ...more })
