/** What the dashboard keeps in the browser, by user: removed as soon as somebody else, or nobody, is signed in. */

const PREFIX = 'claimwire:kept:'
/** Where the TUS client keeps the addresses of uploads that can be resumed. */
const UPLOADS = 'tus::claimwire-upload'

export type KeptKind = 'incidents' | 'notes'

export function keptKey(kind: KeptKind, userId: string, detail = ''): string {
  return `${PREFIX}${userId}:${kind}${detail === '' ? '' : `:${detail}`}`
}

/** @param userId who is signed in; null: nobody. */
export function forgetOthers(userId: string | null, storage: Storage | null = pageStorage()): void {
  if (storage === null) return
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index))
  for (const key of keys) {
    const ofOthers = key?.startsWith(PREFIX) === true && !key.startsWith(`${PREFIX}${userId}:`)
    const ofNobody = userId === null && key?.startsWith(UPLOADS) === true
    if (key !== null && (ofOthers || ofNobody)) storage.removeItem(key)
  }
}

/** The page's storage; null where it is blocked. */
export function pageStorage(): Storage | null {
  try {
    return window.localStorage
  } catch {
    return null
  }
}
