/** One message as a line of the terminal. */

import { styleText } from 'node:util'
import { KINDS } from '../functions-shared/kinds/index.ts'
import { JOB_MESSAGE_FAMILIES, type JobMessage, type UserMessage } from '../functions-shared/message-types.ts'
import { isAboutJob } from '../functions-shared/parse-message.ts'

/** @param leading what stands before the message, e.g. its latency; eight columns. */
export function eventLine(message: UserMessage, leading: string): string {
  const seq = message.seq === undefined ? '' : `#${message.seq}`
  const colour = 'error' in message ? 'red' : message.seq === undefined ? 'gray' : 'green'
  const line = [leading.padStart(8), seq.padStart(5), message.type.padEnd(26), ...details(message)]
  return styleText(colour, `  ${line.join('  ')}`)
}

function details(message: UserMessage): string[] {
  if (!isAboutJob(message)) return [message.incidentId.slice(0, 8), message.reason ?? '']
  return [
    subjectOf(message),
    message.progress !== undefined ? `${message.progress} %` : '',
    message.stage ?? '',
    message.error ?? '',
  ].filter((part) => part !== '')
}

function subjectOf(message: JobMessage): string {
  if (message.type === 'status_update') return `${message.updateType} ${message.resource} ${message.status}`
  const definition = KINDS.find(({ kind }) => kind === JOB_MESSAGE_FAMILIES[message.type])
  const [field = 'jobId'] = Object.keys(definition?.subject ?? {})
  return String(Reflect.get(message, field)).slice(0, 8)
}
