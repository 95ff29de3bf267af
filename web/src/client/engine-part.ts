/** Loaded by the first `connect()`: a page can be shown before the code that keeps it up to date. */

import { Part } from './part.ts'

export type Engine = typeof import('./engine.ts')

export const enginePart = new Part(() => import('./engine.ts'))
