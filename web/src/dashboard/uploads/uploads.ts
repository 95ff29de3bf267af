/** Uploads of the page: one queue for all incidents, shown at the one that is on the screen. */

import type { SupabaseClient } from '@supabase/supabase-js'
import type { Database } from '../../../../functions-shared/database.types.ts'
import type { DashboardConfig } from '../config.ts'
import type { IncidentActions } from '../incident/incident-actions.ts'
import type { Incident } from '../records.ts'
import { lazyTransfer } from './lazy-transfer.ts'
import { UploadQueue } from './upload-queue.ts'
import { createUploadView } from './upload-view.ts'

export interface Uploads {
  element: HTMLElement
  update(incident: Incident): void
  subscribe(listener: () => void): () => void
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
  let incidentId: string | null = null
  const view = createUploadView({
    add: (files) => {
      if (incidentId !== null) queue.add(incidentId, files)
    },
    cancel: (id) => queue.cancel(id),
    retry: (id) => queue.retry(id),
    clear: () => queue.clear(),
    hold: (reason, on) => queue.hold(reason, on),
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
    element: view.element,
    update(incident) {
      incidentId = incident.id
      view.update(
        queue.items.filter((item) => item.incidentId === incident.id),
        incident,
      )
    },
    subscribe: (listener) => queue.subscribe(listener),
    close() {
      stop.abort()
      queue.close()
      view.destroy()
    },
  }
}
