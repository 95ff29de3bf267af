/** The account's dialog and what waits for the user, loaded after the first paint. */

import { LazyModule } from '../../client/lazy-module.ts'

export const accountModule = new LazyModule(() => import('./index.ts'))
