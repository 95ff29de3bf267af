/** The keys of what the dashboard stores in the browser for a user. Removed when the user signs out or another signs in. */

const PREFIX = 'claimwire:kept:'
/** Prefix under which the TUS client stores the addresses of uploads that can be resumed. */
const UPLOADS = 'tus::claimwire-upload'

export type KeptKind = 'incidents' | 'notes'

export function keptKey(kind: KeptKind, userId: string, detail = ''): string {
  return `${PREFIX}${userId}:${kind}${detail === '' ? '' : `:${detail}`}`
}

/** Removes the data of all other users. @param userId the signed-in user; null without a session. */
export function forgetOthers(userId: string | null, storage: Storage | null = pageStorage()): void {
  if (storage === null) return
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index))
  for (const key of keys) {
    const ofOthers = key?.startsWith(PREFIX) === true && !key.startsWith(`${PREFIX}${userId}:`)
    const ofNobody = userId === null && key?.startsWith(UPLOADS) === true
    if (key !== null && (ofOthers || ofNobody)) storage.removeItem(key)
  }
}

/** Removes what is stored about one incident, which the user does not see any more. */
export function forgetIncident(
  userId: string,
  incidentId: string,
  storage: Storage | null = pageStorage(),
): void {
  storage?.removeItem(keptKey('notes', userId, incidentId))
}

/** The page's local storage; null where the browser blocks it. */
export function pageStorage(): Storage | null {
  try {
    return globalThis.localStorage
  } catch {
    return null
  }
}
