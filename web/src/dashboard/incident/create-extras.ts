/** The state behind the extras of an incident's page: the room of the incident, uploads, and what members can do. */

import { computed, effect, type ReadonlySignal, signal } from '@preact/signals'
import { AppError } from '../../../../functions-shared/app-error.ts'
import { followDownload } from '../../shared/follow-download.ts'
import { isNarrow } from '../../ui/surroundings.ts'
import type { Dashboard } from '../dashboard.ts'
import type { IncidentDocument, Report } from '../records.ts'
import { createUploads, type Uploads } from '../uploads/uploads.ts'
import { createIncidentActions } from './incident-actions.ts'
import { IncidentRoom } from './incident-room.ts'
import type { Completion } from './missing-fields.ts'

export interface Extras {
  /** Of the incident on the screen; null while a phone shows the list. */
  readonly room: ReadonlySignal<IncidentRoom | null>
  readonly uploads: Uploads
  /** A report is being requested. */
  readonly isRequesting: ReadonlySignal<boolean>
  requestReport(): void
  /**
   * Supplies the fields that the report lacks, and has the report made again.
   * @returns what went wrong, for people; null for success.
   */
  completeReport(report: Report, completion: Completion): Promise<string | null>
  download(document: IncidentDocument): void
  downloadReport(report: Report): void
  close(): void
}

export function createExtras(dashboard: Dashboard): Extras {
  const { supabase, config, store, repository, shown, pane, retry, complain } = dashboard
  const actions = createIncidentActions(supabase)
  const room = signal<IncidentRoom | null>(null)
  const isRequesting = signal(false)
  const uploads = createUploads({ supabase, config, actions, added: (id) => void store.reload(id) })

  const visibleId = computed(() => (pane.value === 'detail' || !isNarrow.value ? shown.value?.id : undefined))
  const stop = effect(() => {
    const id = visibleId.value
    const entered = id === undefined ? null : new IncidentRoom(id, dashboard, actions)
    room.value = entered
    return () => entered?.close()
  })

  async function download(sign: () => Promise<string>): Promise<void> {
    try {
      followDownload(await sign())
    } catch {
      complain('Download failed', 'The file could not be had from the server. Try again in a moment.')
    }
  }

  async function requestReport(): Promise<void> {
    const incident = shown.peek()
    if (incident === null || isRequesting.peek()) return
    isRequesting.value = true
    try {
      await actions.requestReport(incident.id)
      await store.reload(incident.id)
    } catch (error) {
      complain('No report was begun', refusal(error) ?? 'The server did not answer. Try again in a moment.')
    } finally {
      isRequesting.value = false
    }
  }

  async function completeReport({ job }: Report, completion: Completion): Promise<string | null> {
    const incident = shown.peek()
    if (incident === null) return null
    try {
      await actions.complete(incident.id, completion)
    } catch (error) {
      return refusal(error) ?? 'It could not be saved: the server did not answer. Try again in a moment.'
    }
    await store.reload(incident.id)
    // The retry reads the incident again, and tells of its own failure.
    if (job !== null) retry([job.id])
    return null
  }

  return {
    room,
    uploads,
    isRequesting,
    requestReport: () => void requestReport(),
    completeReport,
    download: (document) =>
      void download(() => repository.signOriginal(document, document.fileName ?? document.documentType)),
    downloadReport: ({ path, fileName }) => {
      if (path !== null)
        void download(() => repository.signDownload('reports', path, fileName ?? 'report.pdf'))
    },
    close() {
      stop()
      uploads.close()
    },
  }
}

/** What the database refused, in words; null where there was no answer. */
function refusal(error: unknown): string | null {
  return error instanceof AppError ? error.message : null
}
