/** Runs in the browser: the parts that are usable on their own, driven by tests. */

import '../../../web/src/dashboard/styles/tokens.css'
import '../../../web/src/dashboard/styles/base.css'
import '../../../web/src/toasts/toasts.css'
import { createToaster } from '../../../web/src/toasts/index.ts'

const toaster = createToaster()

const parts = { toaster }

export type Parts = typeof parts

Object.assign(globalThis, { parts })
