/**
 * Addresses of the dashboard: `#/`, `#/incidents/<id>`, and a document, report or transcription of an incident as
 * `#/incidents/<id>/<kind>/<id>`.
 */

import type { UserMessage } from '../../../functions-shared/message-types.ts'

/** The incident in the address, which need not exist; null for the list. */
export function incidentIdOf(hash: string): string | null {
  const [, id] = /^#\/incidents\/([^/?#]+)/.exec(hash) ?? []
  return id ?? null
}

/** The address of what a message is about; null for a message without an incident. */
export function hrefOf(message: UserMessage): string | null {
  if (message.incidentId === null) return null
  const incident = incidentHref(message.incidentId)
  const item = subjectOf(message)
  return item === null ? incident : `${incident}/${item.kind}/${encodeURIComponent(item.id)}`
}

export type LinkedKind = 'documents' | 'reports' | 'transcriptions'

export interface LinkedItem {
  kind: LinkedKind
  id: string
}

function subjectOf(message: UserMessage): LinkedItem | null {
  if ('documentType' in message) return { kind: 'documents', id: message.documentId }
  if ('reportId' in message) return { kind: 'reports', id: message.reportId }
  return 'transcriptionId' in message ? { kind: 'transcriptions', id: message.transcriptionId } : null
}

const KINDS: readonly LinkedKind[] = ['documents', 'reports', 'transcriptions']

/** The document, report or transcription in the address; null where the address names none. */
export function itemOf(hash: string): LinkedItem | null {
  const [, word, id] = /^#\/incidents\/[^/?#]+\/([^/?#]+)\/([^/?#]+)/.exec(hash) ?? []
  const kind = KINDS.find((each) => each === word)
  return kind === undefined || id === undefined ? null : { kind, id }
}

export function incidentHref(incidentId: string): string {
  return `#/incidents/${encodeURIComponent(incidentId)}`
}

export function documentHref(incidentId: string, documentId: string): string {
  return `${incidentHref(incidentId)}/documents/${encodeURIComponent(documentId)}`
}
