/** Creates the partitions of `realtime.messages` some days ahead, and drops those that replay no longer reads. */

import type { RealtimeContext } from './context.ts'

const DAYS_AHEAD = 3
const EVERY_MS = 3_600_000
const AFTER_FAILURE_MS = 10_000

type Context = Pick<RealtimeContext, 'database' | 'logger' | 'settings'>

/** @returns a function that stops the maintenance */
export function maintainPartitions(context: Context): () => void {
  let timer: NodeJS.Timeout | undefined
  let stopped = false
  const run = async () => {
    let next = EVERY_MS
    try {
      await context.database.query('select realtime.maintain_messages_partitions($1, $2)', [
        DAYS_AHEAD,
        context.settings.keepMessagesDays,
      ])
    } catch (error) {
      next = AFTER_FAILURE_MS
      if (!stopped) context.logger.warn('realtime', 'partitions_not_maintained', { error })
    }
    if (stopped) return
    timer = setTimeout(run, next)
    timer.unref()
  }
  run()
  return () => {
    stopped = true
    clearTimeout(timer)
  }
}
