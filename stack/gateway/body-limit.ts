/** Keeps a request's body below a size, whether it announces its length or not. */

class BodyTooLarge extends Error {
  override readonly name = 'BodyTooLarge'
}

/** `undefined` when the announced length is over the limit already. */
export function withBodyLimit(request: Request, limit: number): LimitedRequest | undefined {
  const announced = request.headers.get('content-length')
  if (announced !== null) {
    // Node's parser has made sure that no more than the announced length arrives.
    return Number(announced) > limit ? undefined : { request, exceeded: () => false }
  }
  if (request.body === null) return { request, exceeded: () => false }
  let received = 0
  const counted = request.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        received += chunk.byteLength
        if (received > limit) controller.error(new BodyTooLarge(`more than ${limit} bytes`))
        else controller.enqueue(new Uint8Array(chunk))
      },
    }),
  )
  return {
    request: new Request(request, { body: counted, duplex: 'half' }),
    exceeded: () => received > limit,
  }
}

export interface LimitedRequest {
  request: Request
  /** Whether reading the body has hit the limit. */
  exceeded: () => boolean
}
