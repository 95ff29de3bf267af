/** The page's queue of uploads, for all incidents, and what it needs of the browser and of Supabase. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../../functions-shared/database.types.ts'
import type { DashboardConfig } from '../config.ts'
import type { IncidentActions } from '../incident/incident-actions.ts'
import { lazyTransfer } from './lazy-transfer.ts'
import { UploadQueue } from './upload-queue.ts'

export interface Uploads {
  readonly queue: UploadQueue
  close(): void
}

export interface UploadsOptions {
  supabase: SupabaseClient<Database>
  config: DashboardConfig
  actions: Pick<IncidentActions, 'submitUpload'>
  /** A file has become a document of the incident. */
  added(incidentId: string): void
}

export function createUploads({ supabase, config, actions, added }: UploadsOptions): Uploads {
  const tus = lazyTransfer({
    supabaseUrl: config.supabaseUrl,
    publishableKey: config.publishableKey,
    async accessToken() {
      const { data } = await supabase.auth.getSession()
      return data.session?.access_token ?? config.publishableKey
    },
  })
  const queue = new UploadQueue({
    transfer: tus.start,
    async submit(incidentId, path, fileName) {
      await actions.submitUpload(incidentId, path, fileName)
      added(incidentId)
    },
    submitted: tus.forget,
  })
  const stop = new AbortController()
  const { signal } = stop
  window.addEventListener('online', () => queue.resume(), { signal })
  window.addEventListener('offline', () => queue.interrupt(), { signal })
  window.addEventListener(
    'beforeunload',
    (event) => {
      if (queue.busy) event.preventDefault()
    },
    { signal },
  )

  return {
    queue,
    close() {
      stop.abort()
      queue.close()
    },
  }
}
