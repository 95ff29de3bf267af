/** The tabs beside an incident: notes, timeline, live log. */

import './side-pane.css'
import type { ComponentChildren } from 'preact'
import { RowSkeleton } from '../../ui/skeleton.tsx'
import type { SideTab } from '../dashboard.ts'
import { useDashboard } from '../dashboard-context.ts'
import type { LoadedExtras } from '../incident/use-extras.ts'

const TABS: readonly (readonly [tab: SideTab, label: string])[] = [
  ['notes', 'Notes'],
  ['timeline', 'Timeline'],
  ['live', 'Live log'],
]

export function SidePane({ extras, hidden }: { extras: LoadedExtras | null; hidden: boolean }) {
  const { sideTab } = useDashboard()
  const selected = sideTab.value

  function move(event: KeyboardEvent): void {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key]
    if (step === undefined) return
    event.preventDefault()
    const index = TABS.findIndex(([tab]) => tab === selected)
    const [next] = TABS[(index + step + TABS.length) % TABS.length] ?? [selected]
    sideTab.value = next
    document.getElementById(`tab-${next}`)?.focus()
  }

  return (
    <aside class="side" aria-label="Notes and events" hidden={hidden}>
      <div class="tabs" role="tablist" aria-label="Notes and events">
        {TABS.map(([tab, label]) => (
          <button
            key={tab}
            type="button"
            class="tab"
            role="tab"
            id={`tab-${tab}`}
            aria-controls={`panel-${tab}`}
            aria-selected={tab === selected}
            tabIndex={tab === selected ? 0 : -1}
            onClick={() => {
              sideTab.value = tab
            }}
            onKeyDown={move}
          >
            {label}
            {tab === 'notes' && extras !== null && <extras.parts.UnreadNotes extras={extras.state} />}
          </button>
        ))}
      </div>
      {TABS.map(([tab]) => (
        <div
          key={tab}
          class="tab-panel"
          role="tabpanel"
          id={`panel-${tab}`}
          aria-labelledby={`tab-${tab}`}
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a panel that scrolls has to be within reach of the keys
          tabIndex={0}
          hidden={tab !== selected}
        >
          {extras === null ? <RowSkeleton /> : panelOf(tab, selected, extras)}
        </div>
      ))}
    </aside>
  )
}

/** The notes keep what is being written while another tab is open; the other panels are drawn while they are seen. */
function panelOf(tab: SideTab, selected: SideTab, { state, parts }: LoadedExtras): ComponentChildren {
  if (tab === 'notes') return <parts.Notes extras={state} />
  if (tab !== selected) return null
  return tab === 'timeline' ? <parts.Timeline extras={state} /> : <parts.LiveLog />
}
