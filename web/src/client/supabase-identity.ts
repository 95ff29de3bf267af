/** The signed-in user, from supabase-js. */

import type { Backend } from './backend.ts'
import { ClientError } from './client-error.ts'
import type { Identity } from './ports.ts'
import { unlessAborted } from './unless-aborted.ts'

/** Milliseconds. */
const RENEWAL_TIMEOUT = 10_000

/** @param renewalTimeout milliseconds for renewing a token that has expired. */
export function createSupabaseIdentity(
  supabase: Pick<Backend, 'auth'>,
  renewalTimeout: number = RENEWAL_TIMEOUT,
): Identity {
  return {
    async currentUserId() {
      const limit = AbortSignal.timeout(renewalTimeout)
      const { data, error } = await unlessAborted(limit, supabase.auth.getSession()).catch(
        (cause: unknown) => {
          throw new ClientError('connection_lost', { cause })
        },
      )
      // A session whose token cannot be renewed now is not a sign-out.
      if (data.session === null && error?.name === 'AuthRetryableFetchError') {
        throw new ClientError('connection_lost', { cause: error })
      }
      return data.session?.user.id ?? null
    },
    onChange(listener) {
      // Called under the auth client's lock: awaiting a call of `supabase` in here would deadlock.
      const { data } = supabase.auth.onAuthStateChange((event, session) => {
        if (event !== 'INITIAL_SESSION') listener(session?.user.id ?? null)
      })
      return () => data.subscription.unsubscribe()
    },
    forget() {
      // supabase-js removes the session also where the server does not know it any more.
      void supabase.auth.signOut?.({ scope: 'local' })
    },
  }
}
