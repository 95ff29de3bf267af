/** The result of one check of a project. */

export type Verdict = 'ok' | 'warning' | 'failed' | 'skipped'

export interface Check {
  /** Subject of the check, e.g. `migrations`. */
  name: string
  verdict: Verdict
  /** The finding, in a few words. */
  found: string
  /** The remedy; on warnings and failures. */
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
/** A check that could not be made, with the reason. */
export const skipped = (name: string, found: string): Check => ({ name, verdict: 'skipped', found })
