/** Loaded by the first `connect()`: a page can be shown before the code that keeps it up to date. */

import { LazyModule } from './lazy-module.ts'

export type Engine = typeof import('./engine.ts')

export const engineModule = new LazyModule(() => import('./engine.ts'))
