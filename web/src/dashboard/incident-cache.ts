/**
 * What a user saw last, kept in the browser: the first thing on the screen at the next visit, while the latest is being
 * read. It is the user's own and is removed when they sign out.
 */

import { isRecord } from '../../../functions-shared/unknown.ts'
import { newestFirst } from './incidents.ts'
import { keptKey } from './kept-data.ts'
import type { Incident } from './records.ts'

export interface CachedIncidents {
  incidents: Incident[]
  /** Milliseconds since 1970. */
  savedAt: number
}

export interface IncidentCache {
  read(): CachedIncidents | null
  /** @param shown kept completely; of the others what the list shows. */
  write(incidents: readonly Incident[], shown: Incident | null): void
}

/** Rises with every change of {@link Incident}: what an earlier version has stored is not read. */
const VERSION = 1
/** Incidents of the list that are kept. */
const LIMIT = 30

export function createIncidentCache(
  userId: string,
  storage: Pick<Storage, 'getItem' | 'setItem'> | null,
  clock = Date.now,
): IncidentCache {
  const key = keptKey('incidents', userId)
  return {
    read() {
      try {
        return parse(JSON.parse(storage?.getItem(key) ?? 'null'))
      } catch {
        // Blocked or damaged: as if there were none.
        return null
      }
    },
    write(incidents, shown) {
      const kept = incidents
        .slice(0, LIMIT)
        .filter(({ id }) => id !== shown?.id)
        .map(listed)
      const all = [...kept, ...(shown === null ? [] : [withoutUrls(shown)])].sort(newestFirst)
      const value = { version: VERSION, savedAt: clock(), incidents: all }
      try {
        storage?.setItem(key, JSON.stringify(value))
      } catch {
        // Full or blocked: the next visit begins with nothing.
      }
    },
  }
}

function listed(incident: Incident): Incident {
  return { ...withoutUrls(incident), complete: false, answers: [], transcriptions: [] }
}

/** They expire before they are of use. */
function withoutUrls(incident: Incident): Incident {
  return { ...incident, documents: incident.documents.map((each) => ({ ...each, signedUrl: null })) }
}

function parse(value: unknown): CachedIncidents | null {
  if (!isRecord(value) || value.version !== VERSION || typeof value.savedAt !== 'number') return null
  const { savedAt, incidents } = value
  return Array.isArray(incidents) && incidents.every(isIncident) ? { incidents, savedAt } : null
}

/** Written by this module in this version; this is for what else may have got there. */
function isIncident(value: unknown): value is Incident {
  return (
    isRecord(value) &&
    typeof value.id === 'string' &&
    typeof value.title === 'string' &&
    typeof value.createdAt === 'string' &&
    ['documents', 'transcriptions', 'reports', 'answers'].every((name) => Array.isArray(value[name]))
  )
}
