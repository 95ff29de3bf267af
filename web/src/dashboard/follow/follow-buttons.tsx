/** Follow and mute the incident. Owners and handlers follow it by their role, so they have only the second button. */

import './follow-buttons.css'
import { useEffect, useMemo } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import { FollowStore } from './follow-store.ts'

const BY_ROLE = new Set(['owner', 'assigned'])

export function FollowButtons({ incidentId }: { incidentId: string }) {
  const { supabase, complain } = useDashboard()
  const store = useMemo(
    () =>
      new FollowStore(supabase, incidentId, () =>
        complain('That was not saved', 'The server did not accept it. Try again in a moment.'),
      ),
    [supabase, incidentId, complain],
  )
  useEffect(() => {
    void store.read()
    return () => store.close()
  }, [store])
  const { isMember, reason, muted } = useStore(store)
  if (!isMember) return null
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset groups the fields of a form
    <div class="follow" role="group" aria-label="News of this case">
      {!BY_ROLE.has(reason ?? '') && (
        <Button
          small
          aria-pressed={reason !== null}
          title={
            reason === null
              ? 'Get news of this case in your inbox'
              : 'You get news of this case. Press to stop.'
          }
          onClick={() => void store.toggleFollow()}
        >
          {reason === null ? 'Follow' : 'Following'}
        </Button>
      )}
      {reason !== null && (
        <Button
          small
          aria-pressed={muted}
          title={
            muted
              ? 'You get no news of this case, except when somebody mentions you. Press to get it again.'
              : 'Get no news of this case, except when somebody mentions you'
          }
          onClick={() => void store.toggleMute()}
        >
          {muted ? 'Muted' : 'Mute'}
        </Button>
      )}
    </div>
  )
}
