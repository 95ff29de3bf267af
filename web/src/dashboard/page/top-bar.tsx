/** The bar at the top: brand, connection, inbox, and who is signed in. */

import './top-bar.css'
import { useEffect, useRef } from 'preact/hooks'
import { LazyModule } from '../../client/lazy-module.ts'
import { createStatusIndicator } from '../../status/index.ts'
import { Button } from '../../ui/button.tsx'
import { useDashboard } from '../dashboard-context.ts'
import { Brand } from './brand.tsx'
import { InboxBell } from './inbox-bell.tsx'

/** The details of the connection, loaded after the first paint. */
const statusCard = new LazyModule(() => import('../../status-card/index.tsx'))

export function TopBar() {
  const { client, email, state, signOut } = useDashboard()
  const status = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (status.current === null) return
    const indicator = createStatusIndicator({ element: status.current, client })
    const stopLoading = statusCard.use((card) => indicator.addDetails(card.createStatusDetails(client)))
    return () => {
      stopLoading()
      indicator.destroy()
    }
  }, [client])
  return (
    <header class="topbar">
      <Brand />
      <div id="ws-connection-status" ref={status} />
      <div class="topbar__user">
        <span class="topbar__bell">{state.value.phase !== 'loading' && <InboxBell />}</span>
        <span class="topbar__email">{email ?? 'Signed in'}</span>
        <Button small onClick={signOut}>
          Sign out
        </Button>
      </div>
    </header>
  )
}
