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
  const item = subjectOf(message)
  return item === null ? incident : `${incident}/${item.map(encodeURIComponent).join('/')}`
}

function subjectOf(message: JobMessage): [string, string] | null {
  if ('documentType' in message) return ['documents', message.documentId]
  if ('reportId' in message) return ['reports', message.reportId]
  return 'transcriptionId' in message ? ['transcriptions', message.transcriptionId] : null
}

/** The thing of an incident that the address names. */
export function itemOf(hash: string): { kind: string; id: string } | null {
  const [, kind, id] =
    /^#\/incidents\/[^/?#]+\/(documents|reports|transcriptions)\/([^/?#]+)/.exec(hash) ?? []
  return kind === undefined || id === undefined ? null : { kind, id }
}

export function incidentHref(incidentId: string): string {
  return `#/incidents/${encodeURIComponent(incidentId)}`
}

export function documentHref(incidentId: string, documentId: string): string {
  return `${incidentHref(incidentId)}/documents/${encodeURIComponent(documentId)}`
}
