/** One message as a line of the terminal. */

import { styleText } from 'node:util'
import type { JobMessage } from '../functions-shared/message-types.ts'

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
    'progress' in message && message.progress !== undefined ? `${message.progress} %` : '',
    'stage' in message ? (message.stage ?? '') : '',
    message.error ?? '',
  ].filter((part) => part !== '')
}

function subjectOf(message: JobMessage): string {
  const { jobId } = message
  if (message.type === 'status_update') return `${message.updateType} ${message.resource} ${message.status}`
  if ('documentType' in message) return message.documentId.slice(0, 8)
  if ('reportId' in message) return message.reportId.slice(0, 8)
  if ('transcriptionId' in message) return message.transcriptionId.slice(0, 8)
  // A kind of job whose subject has no name here.
  return jobId.slice(0, 8)
}
