/** Loads `@supabase/lite` without its side effects on this process. */

import type * as Lite from '@supabase/lite'
import type * as LitePostgres from '@supabase/lite/postgres'

export interface LiteModules {
  App: typeof Lite.App
  RelationNotFoundError: typeof Lite.RelationNotFoundError
  PostgresConnection: typeof LitePostgres.PostgresConnection
}

export type Introspection = Lite.IntrospectResult

let modules: Promise<LiteModules> | undefined

/** Imported on first use, because the import takes a third of a second. */
export function loadLite(): Promise<LiteModules> {
  modules ??= importLite()
  return modules
}

async function importLite(): Promise<LiteModules> {
  // The import replaces process.emitWarning by a version that throws when it is called with an Error.
  const { emitWarning } = process
  try {
    const { App, RelationNotFoundError } = await import('@supabase/lite')
    const { PostgresConnection } = await import('@supabase/lite/postgres')
    return { App, RelationNotFoundError, PostgresConnection }
  } finally {
    process.emitWarning = emitWarning
  }
}
