/** The list of incidents, newest first. */

import './incident-list.css'
import { useRef } from 'preact/hooks'
import { isNarrow } from '../../ui/surroundings.ts'
import { VirtualList } from '../../ui/virtual-list.tsx'
import { useDashboard } from '../dashboard-context.ts'
import type { Incident } from '../records.ts'
import { IncidentRow } from './incident-row.tsx'
import { ListNote } from './list-note.tsx'
import { ShowOlder } from './show-older.tsx'

/** Pixels of a row that has not been drawn yet, and below the last row. */
const ROW = 60
const END = 16

/** Stands for the page as what scrolls. */
const PAGE = { current: null }

const idOf = ({ id }: Incident): string => id

/** @param isMain whether the list is what the page is about, as on a phone without a selected incident. */
export function IncidentList({ isMain }: { isMain: boolean }) {
  const { state, shown } = useDashboard()
  const { phase, incidents, more, fresh, unread } = state.value
  const pane = useRef<HTMLDivElement>(null)
  const shownId = shown.value?.id
  const hasTitle = isMain || phase === 'loading'
  return (
    // biome-ignore lint/a11y/useAriaPropsSupportedByRole: both roles that the pane takes support a label
    <div
      ref={pane}
      class="sidebar"
      role={isMain ? 'main' : 'navigation'}
      aria-label="Incidents"
      aria-busy={phase === 'loading'}
    >
      <div class="pane-head">
        <h2 tabIndex={-1} aria-level={hasTitle ? 1 : undefined}>
          Incidents
        </h2>
        <span class="count">{phase === 'ready' && `${incidents.length}${more === 'none' ? '' : '+'}`}</span>
      </div>
      <VirtualList
        class="incidents"
        items={incidents}
        keyOf={idOf}
        scroller={isNarrow.value ? 'page' : pane}
        setSize={more === 'none' ? incidents.length : -1}
        estimate={ROW}
        end={END}
      >
        {(incident) => (
          <IncidentRow
            incident={incident}
            isCurrent={incident.id === shownId}
            isFresh={fresh.has(incident.id)}
            unread={unread.get(incident.id) ?? 0}
          />
        )}
      </VirtualList>
      <div class="list-note">
        <ListNote phase={incidents.length > 0 ? null : phase} />
      </div>
      {more !== 'none' && <ShowOlder more={more} pane={isNarrow.value ? PAGE : pane} />}
    </div>
  )
}
