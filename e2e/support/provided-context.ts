/** What the global set-up gives to the tests: `inject('stack')` and so on. */

import type { DatabaseUrls, StackKeys } from '../../stack/types.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    stack: { url: string; db: DatabaseUrls; keys: StackKeys; mailboxUrl: string }
    /** Folder of the stack. */
    dataDir: string
    /** Folder to copy for a stack of a test's own, see `prepared-data.ts`. */
    preparedDataDir: string
    dashboardUrl: string
    fileOrigin: string
  }
}
