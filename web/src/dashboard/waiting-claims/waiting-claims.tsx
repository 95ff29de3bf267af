/** "Is this claim yours?", above the page, for each claim that waits for the user's address. */

import './waiting-claims.css'
import { useEffect, useMemo } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { RelativeTime } from '../../ui/relative-time.tsx'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import { incidentHref } from '../route.ts'
import { WaitingClaimsStore } from './waiting-claims-store.ts'

export function WaitingClaims() {
  const { supabase, client, claimLink, isUnproven, store } = useDashboard()
  const waitingClaims = useMemo(
    () => new WaitingClaimsStore({ supabase, link: claimLink, confirmed: () => store.refresh() }),
    [supabase, claimLink, store],
  )
  const { claims, busy, error } = useStore(waitingClaims)
  useEffect(() => {
    // A claim that waits has no message of its own: it is read when there may be news.
    const read = (): void => {
      if (document.visibilityState === 'visible') void waitingClaims.read()
    }
    read()
    if (isUnproven) void waitingClaims.confirmMailbox()
    document.addEventListener('visibilitychange', read)
    const stop = client.on('connected', read)
    return () => {
      document.removeEventListener('visibilitychange', read)
      stop()
      waitingClaims.close()
    }
  }, [waitingClaims, client, isUnproven])
  if (claims.length === 0) return null

  async function confirm(incidentId: string): Promise<void> {
    if (await waitingClaims.confirm(incidentId)) location.hash = incidentHref(incidentId)
  }

  return (
    <section class="waiting" aria-label="Claims that wait for you">
      <ul>
        {claims.map(({ incidentId, title, receivedAt, canConfirm }) => (
          <li key={incidentId} class="waiting__claim">
            <div class="waiting__text">
              <h2>Is this claim yours?</h2>
              <p>
                {title === null ? 'A claim' : <b>{title}</b>} came with your email address,{' '}
                <RelativeTime class="waiting__time" iso={receivedAt} />.{' '}
                {canConfirm
                  ? 'Add it only if you sent it.'
                  : 'To add it, sign out and sign in by email: the link proves that the mailbox is yours.'}
              </p>
            </div>
            {canConfirm && (
              <div class="waiting__buttons">
                <Button
                  primary
                  busy={busy === incidentId}
                  disabled={busy !== null}
                  onClick={() => void confirm(incidentId)}
                >
                  Yes, it is mine
                </Button>
                <Button disabled={busy !== null} onClick={() => void waitingClaims.refuse(incidentId)}>
                  Not mine
                </Button>
              </div>
            )}
          </li>
        ))}
      </ul>
      <p class="form-error" role="alert">
        {error}
      </p>
    </section>
  )
}
