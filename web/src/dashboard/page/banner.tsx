/** Tells that what is shown may be out of date. */

import './banner.css'
import { relativeTime } from '../../shared/format.ts'
import { now } from '../../ui/clock.ts'
import { isOnline } from '../../ui/surroundings.ts'
import { useDashboard } from '../dashboard-context.ts'
import type { DashboardState } from '../store.ts'

export function Banner() {
  const text = textOf(useDashboard().state.value, isOnline.value, now.value)
  return (
    <p class="banner" role="status" hidden={text === ''}>
      {text}
    </p>
  )
}

function textOf({ phase, cachedAt, outdated }: DashboardState, online: boolean, time: number): string {
  if (phase === 'failed') return ''
  if (cachedAt !== null) {
    const when = relativeTime(new Date(cachedAt).toISOString(), time)
    return online && !outdated
      ? `What you saw ${when}. Reading the latest…`
      : `The server cannot be reached. This is what you saw ${when}.`
  }
  if (!online) return 'You are offline. What you see may be out of date; what you write is sent later.'
  return outdated ? 'The latest state could not be read; what you see may be out of date.' : ''
}
