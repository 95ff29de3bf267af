/** What the user has read, on whichever device, and URLs that have ended: needed once messages come; see `part.ts`. */

export { parseSignal } from '../../../functions-shared/parse-signal.ts'
export { createSupabaseInbox } from './supabase-inbox.ts'
export { Unread } from './unread.ts'
export { createSupabaseSigner } from './url-signer.ts'
