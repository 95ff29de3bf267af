/** Loads the TUS client when the first file is added: on most visits, no file is. */

import type { TusOptions } from './tus-transfer.ts'
import type { StartTransfer, Transfer, UploadItem } from './upload-queue.ts'

export interface LazyTransfer {
  start: StartTransfer
  /** See `forgetUpload`. */
  forget(item: UploadItem): void
}

export function lazyTransfer(options: TusOptions): LazyTransfer {
  const load = (): Promise<typeof import('./tus-transfer.ts')> => import('./tus-transfer.ts')
  return {
    start(item, events) {
      let transfer: Transfer | null = null
      let ended: 'pause' | 'cancel' | null = null
      load().then(
        ({ createTusTransfer }) => {
          if (ended === null) transfer = createTusTransfer(options)(item, events)
        },
        // A failure to load the code counts as a lost connection.
        () => {
          if (ended === null) events.failed(null)
        },
      )
      const end = (how: 'pause' | 'cancel'): void => {
        ended = how
        transfer?.[how]()
      }
      return { pause: () => end('pause'), cancel: () => end('cancel') }
    },
    forget(item) {
      load()
        .then(({ forgetUpload }) => forgetUpload(item))
        .catch(() => {
          // Storage removes uploads that were not finished within a day.
        })
    },
  }
}
