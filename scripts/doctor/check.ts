/** What a look at a project finds. */

export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped'

export interface Check {
  /** What was looked at, e.g. `migrations`. */
  name: string
  verdict: Verdict
  /** What was found, in a few words. */
  found: string
  /** What to do about it; on warnings and failures. */
  remedy?: string
}

export const ok = (name: string, found: string): Check => ({ name, verdict: 'ok', found })
export const failed = (name: string, found: string, remedy: string): Check => ({
  name,
  verdict: 'failed',
  found,
  remedy,
})
export const warning = (name: string, found: string, remedy: string): Check => ({
  name,
  verdict: 'warning',
  found,
  remedy,
})
/** It could not be looked at, and why. */
export const skipped = (name: string, found: string): Check => ({ name, verdict: 'skipped', found })
