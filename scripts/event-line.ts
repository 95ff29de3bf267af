/** One message as a line of the terminal. */

import { styleText } from 'node:util'
import { KINDS } from '../functions-shared/kinds/index.ts'
import { JOB_MESSAGE_FAMILIES, type JobMessage } from '../functions-shared/message-types.ts'

/** @param leading what stands before the message, e.g. its latency; eight columns. */
export function eventLine(message: JobMessage, leading: string): string {
  const seq = message.seq === undefined ? '' : `#${message.seq}`
  const colour = message.error !== undefined ? 'red' : message.seq === undefined ? 'gray' : 'green'
  const line = [leading.padStart(8), seq.padStart(5), message.type.padEnd(26), ...details(message)]
  return styleText(colour, `  ${line.join('  ')}`)
}

function details(message: JobMessage): string[] {
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
