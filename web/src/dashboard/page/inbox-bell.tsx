/** The inbox's bell. The inbox is loaded after the first paint; the top bar keeps the bell's place free until then. */

import { useEffect, useRef } from 'preact/hooks'
import { LazyModule } from '../../client/lazy-module.ts'
import { useLazy } from '../../ui/use-lazy.ts'
import { useDashboard } from '../dashboard-context.ts'
import { hrefOf } from '../route.ts'

const inboxModule = new LazyModule(() => import('../../inbox/index.ts'))

export function InboxBell() {
  const { client, supabase, userId, complain } = useDashboard()
  const place = useRef<HTMLSpanElement>(null)
  const module = useLazy(inboxModule)
  useEffect(() => {
    if (module === null) return
    const inbox = module.createInbox({
      client,
      source: module.createInboxSource(supabase, userId),
      preferences: module.createPreferenceSource(supabase),
      hrefOf,
      downloadFailed: () =>
        complain('Download failed', 'The report could not be had. Try again in a moment.'),
    })
    place.current?.append(inbox.bell)
    return () => inbox.destroy()
  }, [module, client, supabase, userId, complain])
  return <span ref={place} />
}
