/** Names of migration files, as the Supabase CLI orders them: `<UTC time as 14 digits>_<name>.sql`. */

import { UsageError } from './command-line.ts'

const NAME = /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/

/**
 * @param existing names in `supabase/migrations`. The new file comes after all of them, also where a clock is behind.
 * @throws UsageError for a name that is not lower case words joined by _, or that another migration has.
 */
export function migrationFile(name: string, existing: readonly string[], now: Date): string {
  if (!NAME.test(name)) throw new UsageError(`"${name}" is not a name of lower case words joined by _.`)
  const same = existing.find((file) => file.replace(/^\d+_/, '') === `${name}.sql`)
  if (same !== undefined) throw new UsageError(`supabase/migrations/${same} has this name already.`)
  const time = now.toISOString().replace(/\D/g, '').slice(0, 14)
  const last =
    existing
      .map((file) => /^\d{14}(?=_)/.exec(file)?.[0] ?? '')
      .sort()
      .at(-1) ?? ''
  return `${time > last ? time : String(Number(last) + 1)}_${name}.sql`
}
