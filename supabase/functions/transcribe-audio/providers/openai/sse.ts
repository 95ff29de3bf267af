/** Server-sent events from a stream of bytes, which may be cut anywhere, also inside a character. */

import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { AppError } from '../../../../../functions-shared/app-error.ts'

/** Characters of one event. The transcript of hours of speech is a fraction of this. */
const MAX_EVENT_CHARACTERS = 8 * 1024 * 1024

/** @throws AppError `provider_answer_invalid` for an event that is too long; and what reading the body throws. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<EventSourceMessage> {
  const decoder = new TextDecoder()
  const events: EventSourceMessage[] = []
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: (event) => events.push(event),
    onError: (cause) => {
      // Unknown fields are ignored, as the standard wants it.
      if (cause.type === 'max-buffer-size-exceeded') throw new AppError('provider_answer_invalid', { cause })
    },
  })
  let endsInReturn = false
  for await (const bytes of body) {
    const decoded = decoder.decode(bytes, { stream: true })
    if (decoded !== '') endsInReturn = decoded.endsWith('\r')
    parser.feed(decoded)
    yield* events.splice(0)
  }
  // The parser waits for the second half of a CRLF. An event that the end of the stream cuts off is ignored.
  if (endsInReturn) parser.feed('\n')
  yield* events
}
