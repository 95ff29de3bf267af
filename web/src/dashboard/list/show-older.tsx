/** The button below the list. The next page is read when the button comes near the screen. */

import type { RefObject } from 'preact'
import { Button } from '../../ui/button.tsx'
import { useInSight } from '../../ui/use-in-sight.ts'
import { useDashboard } from '../dashboard-context.ts'
import type { DashboardState } from '../store.ts'

const LABELS = {
  there: 'Show older',
  loading: 'Loading older…',
  failed: 'Could not load. Try again',
}

export interface ShowOlderProps {
  more: Exclude<DashboardState['more'], 'none'>
  /** What scrolls; empty for the page. */
  pane: RefObject<Element | null>
}

export function ShowOlder({ more, pane }: ShowOlderProps) {
  const { store } = useDashboard()
  const loadMore = (): void => void store.loadMore()
  // A read that failed is repeated by a click only.
  const button = useInSight(pane, () => more === 'there' && loadMore())
  return (
    <Button ref={button} small class="list-more" disabled={more === 'loading'} onClick={loadMore}>
      {LABELS[more]}
    </Button>
  )
}
