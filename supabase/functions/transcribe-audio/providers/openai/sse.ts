/**
 * Server-sent events as a stream of bytes brings them: cut anywhere, inside a character too (the rules are those
 * of the HTML standard, "Parsing an event stream").
 */

import { AppError } from '../../../../../functions-shared/app-error.ts'

export interface ServerSentEvent {
  /** `message` where the stream names none. */
  event: string
  data: string
}

/** Characters that an unfinished event may have. An event has a few words; a transcript of hours fits many times. */
const MAX_PENDING = 8 * 1024 * 1024

/** @throws AppError `provider_answer_invalid` for an event without an end; whatever reading the body throws. */
export async function* readEvents(body: AsyncIterable<Uint8Array>): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder()
  const event = createEvent()
  let line = ''
  let endedInReturn = false
  for await (const bytes of body) {
    let text = decoder.decode(bytes, { stream: true })
    // The second half of a CRLF whose first half has ended a line already.
    if (endedInReturn && text.startsWith('\n')) text = text.slice(1)
    if (text !== '') endedInReturn = text.endsWith('\r')
    const lines = text.split(/\r\n|\r|\n/)
    const rest = lines.pop() ?? ''
    for (const piece of lines) {
      const finished = event.take(line + piece)
      line = ''
      if (finished !== null) yield finished
    }
    line += rest
    if (line.length + event.size() > MAX_PENDING) throw new AppError('provider_answer_invalid')
  }
  // An event that the end of the stream cuts off is none.
}

function createEvent() {
  let name = ''
  let data: string[] = []
  let size = 0
  return {
    size: () => size,
    /** Takes a line; gives the event that an empty one ends. */
    take(line: string): ServerSentEvent | null {
      if (line === '') {
        const finished = data.length === 0 ? null : { event: name || 'message', data: data.join('\n') }
        name = ''
        data = []
        size = 0
        return finished
      }
      const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
      if (field === 'data') {
        data.push(value)
        size += value.length
      } else if (field === 'event') {
        name = value
      }
      return null
    },
  }
}
