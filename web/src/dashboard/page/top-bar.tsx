/** The bar at the top: brand, connection, inbox, and the account. */

import './top-bar.css'
import { useSignal } from '@preact/signals'
import { useEffect, useRef } from 'preact/hooks'
import { LazyModule } from '../../client/lazy-module.ts'
import { createStatusIndicator } from '../../status/index.ts'
import { Button } from '../../ui/button.tsx'
import { Icon } from '../../ui/icon.tsx'
import { useLazy } from '../../ui/use-lazy.ts'
import { accountModule } from '../account/account-module.ts'
import { useDashboard } from '../dashboard-context.ts'
import { ICONS } from '../icons.ts'
import { Brand } from './brand.tsx'
import { InboxBell } from './inbox-bell.tsx'

/** The details of the connection, loaded after the first paint. */
const statusCard = new LazyModule(() => import('../../status-card/index.tsx'))

const staffModule = new LazyModule(() => import('../people/staff-button.tsx'))

export function TopBar() {
  const { client, email, state, signOut } = useDashboard()
  const account = useLazy(accountModule)
  const isAccountOpen = useSignal(false)
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
        <StaffPlace />
        <button
          type="button"
          class="topbar__account"
          aria-haspopup="dialog"
          onClick={() => (isAccountOpen.value = true)}
        >
          <Icon paths={ICONS.person} />
          <span class="topbar__email">{email ?? 'Signed in'}</span>
          <span class="visually-hidden">, account</span>
        </button>
        <Button small onClick={() => signOut()}>
          Sign out
        </Button>
        {isAccountOpen.value && account !== null && (
          <account.AccountDialog
            onClose={() => {
              isAccountOpen.value = false
            }}
          />
        )}
      </div>
    </header>
  )
}

/** The staff of the firm, for admins. Loaded after the first paint. */
function StaffPlace() {
  const module = useLazy(staffModule)
  return module === null ? null : <module.StaffButton />
}
