/** A recording cut into scenes: observed steps, then the next action. */

import { EVENT } from '../protocol/wire.ts'
import { eventOf } from './lanes.ts'
import type { Step } from './recording.ts'

export interface Scene {
  /** Observed before the action; waited for. */
  before: Step[]
  /** Observed just before a request or statement ended, so perhaps its effect; waited for only shortly. */
  maybe: Step[]
  /** Undefined in the last scene. */
  action: Step | undefined
  /** Milliseconds from the last action to this one. */
  gap: number
}

/** Broadcasts that precede the end of a request or statement by less may have been caused by it. */
const CAUSED_BY_MS = 40

export function scenesOf(steps: Step[]): Scene[] {
  const scenes: Scene[] = []
  const lastSeen = new Map<string, Step>()
  let observed: Step[] = []
  let previousAt = 0
  for (const step of steps) {
    if (isAction(step, lastSeen)) {
      const { before, maybe } = split(step, observed)
      scenes.push({ before, maybe, action: step, gap: Math.max(0, step.at - previousAt) })
      observed = []
      previousAt = step.at
    } else observed.push(step)
    if ('conn' in step) lastSeen.set(step.conn, step)
  }
  return [...scenes, { before: observed, maybe: [], action: undefined, gap: 0 }]
}

/** The sent part of a step; undefined for a step that was only observed. */
export function actionOf(step: Step): unknown {
  switch (step.dir) {
    case 'connect':
      return [step.url, step.headers]
    case 'send':
      return step.frame.kind === 'text' ? step.frame.text : step.frame.data.toString('latin1')
    case 'http':
      return [step.request.path, step.request.headers, step.request.body?.toString()]
    case 'sql':
      return [step.sql, step.params]
    default:
      return undefined
  }
}

function isAction(step: Step, lastSeen: Map<string, Step>): boolean {
  if (step.dir === 'client-close') return true
  if (step.dir === 'close') return endedByClient(step, lastSeen.get(step.conn))
  return actionOf(step) !== undefined
}

/**
 * Whether the recording client ended a connection without a step that says so: it broke although nothing had been
 * sent on it, or it was closed without a code, which the server never does by itself.
 */
function endedByClient(step: Extract<Step, { dir: 'close' }>, before: Step | undefined): boolean {
  return (
    (step.code === 1006 && before?.dir === 'recv') || (step.code === 1005 && before?.dir !== 'client-close')
  )
}

function split(action: Step, observed: Step[]): { before: Step[]; maybe: Step[] } {
  if (action.dir !== 'http' && action.dir !== 'sql') return { before: observed, maybe: [] }
  const mayBeEffect = (step: Step) =>
    action.at - step.at < CAUSED_BY_MS && step.dir === 'recv' && eventOf(step.frame) === EVENT.broadcast
  return { before: observed.filter((step) => !mayBeEffect(step)), maybe: observed.filter(mayBeEffect) }
}
