/**
 * The incidents of the last visit, stored in the browser for the user. The next visit shows them while the latest are
 * read. Signing out removes them (`kept-data.ts`).
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
  /** @param shown stored completely; the other incidents with the columns of the list. */
  write(incidents: readonly Incident[], shown: Incident | null): void
}

/** Raised with every change of {@link Incident}. Data of another version is not read. */
const VERSION = 2
/** Incidents of the list that are stored. */
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
        // Blocked storage and damaged data count as no cache.
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
        // The storage is full or blocked: the next visit starts without a cache.
      }
    },
  }
}

function listed(incident: Incident): Incident {
  return { ...withoutUrls(incident), complete: false, answers: [], transcriptions: [] }
}

/** Signed URLs expire before the next visit. */
function withoutUrls(incident: Incident): Incident {
  return { ...incident, documents: incident.documents.map((each) => ({ ...each, signedUrl: null })) }
}

function parse(value: unknown): CachedIncidents | null {
  if (!isRecord(value) || value.version !== VERSION || typeof value.savedAt !== 'number') return null
  const { savedAt, incidents } = value
  return Array.isArray(incidents) && incidents.every(isIncident) ? { incidents, savedAt } : null
}

/** A rough check: this module wrote the data, in this version, unless another script changed it. */
function isIncident(value: unknown): value is Incident {
  return (
    isRecord(value) &&
    typeof value.id === 'string' &&
    typeof value.title === 'string' &&
    typeof value.createdAt === 'string' &&
    ['documents', 'transcriptions', 'reports', 'answers'].every((name) => Array.isArray(value[name]))
  )
}
