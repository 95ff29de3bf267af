/** Who is signed in, by supabase-js. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Identity } from './ports.ts'

export function createSupabaseIdentity(supabase: Pick<SupabaseClient, 'auth'>): Identity {
  return {
    async currentUserId() {
      const { data } = await supabase.auth.getSession()
      return data.session?.user.id ?? null
    },
    onChange(listener) {
      // Called under the auth client's lock: anything awaited on `supabase` in here would deadlock.
      const { data } = supabase.auth.onAuthStateChange((event, session) => {
        if (event !== 'INITIAL_SESSION') listener(session?.user.id ?? null)
      })
      return () => data.subscription.unsubscribe()
    },
  }
}
