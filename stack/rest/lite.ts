/** Loads `@supabase/lite`, keeping its side effects out of this process. */

import type * as Lite from '@supabase/lite'
import type * as LitePostgres from '@supabase/lite/postgres'

export interface LiteModules {
  App: typeof Lite.App
  RelationNotFoundError: typeof Lite.RelationNotFoundError
  PostgresConnection: typeof LitePostgres.PostgresConnection
}

export type Introspection = Lite.IntrospectResult

let modules: Promise<LiteModules> | undefined

/** Imported on first use: it takes a third of a second. */
export function loadLite(): Promise<LiteModules> {
  modules ??= importLite()
  return modules
}

async function importLite(): Promise<LiteModules> {
  // On import it replaces process.emitWarning by a version that throws when it is given an Error.
  const { emitWarning } = process
  try {
    const { App, RelationNotFoundError } = await import('@supabase/lite')
    const { PostgresConnection } = await import('@supabase/lite/postgres')
    return { App, RelationNotFoundError, PostgresConnection }
  } finally {
    process.emitWarning = emitWarning
  }
}
