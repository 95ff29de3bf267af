/**
 * Addresses of the dashboard: `#/`, `#/incidents/<id>`, and one thing of an incident as
 * `#/incidents/<id>/<documents | reports | transcriptions>/<id>`.
 */

import type { JobMessage } from '../../../functions-shared/message-types.ts'

/** The id in the address, whatever it is; null for the list. */
export function incidentIdOf(hash: string): string | null {
  const [, id] = /^#\/incidents\/([^/?#]+)/.exec(hash) ?? []
  return id ?? null
}

/** Where the thing is shown that a message is about; null for what has no place on the dashboard. */
export function hrefOf(message: JobMessage): string | null {
  if (message.incidentId === null) return null
  const incident = `#/incidents/${encodeURIComponent(message.incidentId)}`
  const item = itemOf(message)
  return item === null ? incident : `${incident}/${item.map(encodeURIComponent).join('/')}`
}

function itemOf(message: JobMessage): [string, string] | null {
  if ('documentType' in message) return ['documents', message.documentId]
  if ('reportId' in message) return ['reports', message.reportId]
  return 'transcriptionId' in message ? ['transcriptions', message.transcriptionId] : null
}
