/**
 * Toasts of jobs and of failed actions. Their code is loaded after the first paint; calls before that are made as soon as
 * the code is there.
 */

import { LazyModule } from '../client/lazy-module.ts'
import type { JobNotices, JobNoticesOptions, Toaster, ToasterOptions } from '../toasts/index.ts'

export interface LazyToasts {
  use(action: (toasts: { toaster: Toaster; notices: JobNotices }) => void): void
  close(): void
}

const toastsModule = new LazyModule(() => import('../toasts/index.ts'))

export function createLazyToasts(
  options: ToasterOptions,
  contextOf: JobNoticesOptions['contextOf'],
): LazyToasts {
  let toasts: { toaster: Toaster; notices: JobNotices } | null = null
  let isClosed = false
  return {
    use: (action) =>
      void toastsModule.use(({ createToaster, createJobNotices }) => {
        if (isClosed) return
        if (toasts === null) {
          const toaster = createToaster(options)
          toasts = { toaster, notices: createJobNotices({ toaster, contextOf }) }
        }
        action(toasts)
      }),
    close() {
      isClosed = true
      toasts?.toaster.destroy()
    },
  }
}
