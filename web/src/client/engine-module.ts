/** The engine chunk, loaded by the first `connect()`. So a page is shown before the engine is downloaded. */

import { LazyModule } from './lazy-module.ts'

export type Engine = typeof import('./engine.ts')

export const engineModule = new LazyModule(() => import('./engine.ts'))
