/** Below the title of a case: where it stands, who handles it, and the way to the people on it. */

import './case-bar.css'
import { useState } from 'preact/hooks'
import { Button } from '../../ui/button.tsx'
import { useStore } from '../../ui/use-store.ts'
import { useDashboard } from '../dashboard-context.ts'
import type { Extras } from '../incident/create-extras.ts'
import { CASE_STATES, type CaseState, type Incident } from '../records.ts'
import type { CasePeopleStore } from './case-people-store.ts'
import { PeopleDialog } from './people-dialog.tsx'
import { isFirm, STATE_WORDS } from './places.ts'

export function CaseBar({ extras, incident }: { extras: Extras; incident: Incident }) {
  const room = extras.room.value
  return room === null || room.incidentId !== incident.id ? null : (
    <Bar key={incident.id} store={room.people} incident={incident} />
  )
}

function Bar({ store, incident }: { store: CasePeopleStore; incident: Incident }) {
  const { userId } = useDashboard()
  const state = useStore(store)
  const [isOpen, setOpen] = useState(false)
  const { members, invitations, place, staff, caseState } = state.data
  const handlers = members.filter(({ role }) => role === 'handler')
  const isStaff = staff.some((person) => person.userId === userId)
  const canTake = isStaff && handlers.length === 0 && (place === 'staff' || place === 'admin')
  return (
    <>
      <StateOfCase
        value={caseState ?? incident.state}
        isChangeable={place !== null && isFirm(place)}
        set={(next) => void store.setCaseState(next)}
      />
      <span class="case-bar__handlers">
        {handlers.length === 0
          ? place !== null && 'No handler yet'
          : `Handled by ${handlers.map(({ userId: id, name }) => (id === userId ? 'you' : name)).join(', ')}`}
      </span>
      {canTake && (
        <Button
          small
          primary
          onClick={({ currentTarget }) => {
            // The button goes when the case is taken.
            currentTarget.closest('.case-bar')?.querySelector<HTMLElement>('.case-bar__people')?.focus()
            void store.take()
          }}
        >
          Take this case
        </Button>
      )}
      <Button
        small
        class="case-bar__people"
        aria-haspopup="dialog"
        disabled={place === null}
        onClick={() => {
          store.quiet()
          setOpen(true)
        }}
      >
        People
        <span class="count">{members.length + invitations.length}</span>
      </Button>
      <p role="alert" class="case-bar__problem">
        {!isOpen && state.problem}
      </p>
      {isOpen && <PeopleDialog store={store} self={userId} close={() => setOpen(false)} />}
    </>
  )
}

interface StateOfCaseProps {
  value: CaseState
  isChangeable: boolean
  set(state: CaseState): void
}

function StateOfCase({ value, isChangeable, set }: StateOfCaseProps) {
  if (!isChangeable) return <span class="case-bar__state">{STATE_WORDS[value]}</span>
  return (
    <select
      class="input case-bar__select"
      aria-label="State of the case"
      value={value}
      onChange={({ currentTarget }) => {
        const next = CASE_STATES.find((each) => each === currentTarget.value)
        if (next !== undefined) set(next)
      }}
    >
      {CASE_STATES.map((each) => (
        <option key={each} value={each}>
          {STATE_WORDS[each]}
        </option>
      ))}
    </select>
  )
}
