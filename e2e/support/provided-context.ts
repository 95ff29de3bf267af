/** What the global set-up gives to the tests: `inject('stack')` and so on. */

import type { DatabaseUrls, StackKeys } from '../../stack/types.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    stack: { url: string; db: DatabaseUrls; keys: StackKeys; mailboxUrl: string }
    /** Folder of the stack. */
    dataDir: string
    dashboardUrl: string
    fileOrigin: string
  }
}
