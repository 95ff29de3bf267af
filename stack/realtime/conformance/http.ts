/** One HTTP request with any `Host`, which `fetch` would not send. */

import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import type { HttpRequest } from './recording.ts'

export interface HttpAnswer {
  status: number
  contentType: string | undefined
  body: string
}

export function sendHttp(origin: string, request: HttpRequest): Promise<HttpAnswer> {
  const send = origin.startsWith('https') ? httpsRequest : httpRequest
  return new Promise((resolve, reject) => {
    const { method, headers } = request
    const outgoing = send(origin + request.path, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', reject)
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          contentType: response.headers['content-type'],
          body: Buffer.concat(chunks).toString(),
        }),
      )
    })
    outgoing.on('error', reject)
    outgoing.end(request.body)
  })
}
