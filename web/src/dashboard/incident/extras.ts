/**
 * Everything of an incident that the first paint does without: voice notes, attachments, reports, uploads, the people,
 * the notes, the timeline and the lightbox. One bundle, loaded as soon as there is something on the screen.
 */

import './extras.css'
import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../../functions-shared/app-error.ts'
import type { Database } from '../../../../functions-shared/database.types.ts'
import type { JobMessage } from '../../../../functions-shared/message-types.ts'
import type { DashboardWebSocketClient } from '../../client/index.ts'
import type { DashboardConfig } from '../config.ts'
import type { DetailSlots } from '../incident-detail.ts'
import type { Lightbox } from '../lightbox/lightbox.ts'
import type { Incident, IncidentDocument, Report } from '../records.ts'
import type { Bucket, Repository } from '../repository.ts'
import type { SidePane } from '../side-pane.ts'
import type { DashboardStore } from '../store.ts'
import { createUploads } from '../uploads/uploads.ts'
import { createAttachments } from './attachments.ts'
import { createDeepLinks } from './deep-links.ts'
import { createIncidentActions } from './incident-actions.ts'
import { IncidentRoom } from './incident-room.ts'
import type { Completion } from './missing-form.ts'
import { followDownload } from './parts.ts'
import { createPeopleView } from './people.ts'
import { createReports } from './reports.ts'
import { createTimelineView } from './timeline.ts'
import { createVoiceNotes } from './voice-notes.ts'

export interface ExtrasOptions {
  supabase: SupabaseClient<Database>
  config: DashboardConfig
  client: DashboardWebSocketClient
  store: DashboardStore
  repository: Repository
  userId: string
  slots: DetailSlots
  side: SidePane
  retry(jobIds: readonly string[]): void
  /** Tells people of what they asked for and did not get. */
  complain(title: string, message: string): void
  /** Draws the page again. */
  changed(): void
}

export interface Extras {
  /** @param visible whether an incident is on the screen. */
  update(visible: boolean, now: number): void
  message(message: JobMessage): void
  close(): void
}

export function createExtras(options: ExtrasOptions): Extras {
  const { supabase, config, store, repository, userId, slots, side, complain, changed } = options
  const actions = createIncidentActions(supabase)
  const retry = (jobId: string): void => options.retry([jobId])
  const downloadDocument = ({ originalPath, fileName, documentType }: IncidentDocument): void =>
    void download('originals', originalPath, fileName ?? documentType)
  const voiceNotes = createVoiceNotes({ retry, download: downloadDocument, urlOf: (ref) => store.urlOf(ref) })
  const attachments = createAttachments({ retry, download: downloadDocument })
  const reports = createReports({
    create: () => void requestReport(),
    retry,
    download: downloadReport,
    complete: completeIncident,
  })
  const people = createPeopleView(slots.people)
  const timeline = createTimelineView()
  const uploads = createUploads({ supabase, config, actions, changed, added: (id) => void store.reload(id) })
  let room: IncidentRoom | null = null
  let lightbox: Lightbox | null = null
  /** What is to be shown as soon as the lightbox is there. */
  let wantedPhoto: string | null = null
  const links = createDeepLinks({
    hash: () => location.hash,
    photoOpened: openPhoto,
    photoClosed() {
      wantedPhoto = null
      lightbox?.hide()
    },
  })
  let requesting = false
  let closed = false

  slots.uploads.replaceChildren(uploads.element)
  slots.sections.replaceChildren(voiceNotes.element, attachments.element, reports.element)
  side.timeline.replaceChildren(timeline.element)
  side.onSelect((tab) => {
    if (tab === 'notes') room?.notesSeen()
  })

  async function download(bucket: Bucket, path: string | null, fileName: string): Promise<void> {
    if (path === null) return
    try {
      followDownload(await repository.signDownload(bucket, path, fileName))
    } catch {
      complain('Download failed', 'The file could not be had from the server. Try again in a moment.')
    }
  }

  function downloadReport({ path, fileName }: Report): void {
    void download('reports', path, fileName ?? 'report.pdf')
  }

  async function requestReport(): Promise<void> {
    const { shown } = store
    if (shown === null || requesting) return
    requesting = true
    changed()
    try {
      await actions.requestReport(shown.id)
      await store.reload(shown.id)
    } catch (error) {
      const reason =
        error instanceof AppError ? error.message : 'The server did not answer. Try again in a moment.'
      complain('No report was begun', reason)
    } finally {
      requesting = false
      changed()
    }
  }

  async function completeIncident({ job }: Report, completion: Completion): Promise<string | null> {
    const { shown } = store
    if (shown === null) return null
    try {
      await actions.complete(shown.id, completion)
    } catch (error) {
      return error instanceof AppError
        ? error.message
        : 'It could not be saved: the server did not answer. Try again in a moment.'
    }
    await store.reload(shown.id)
    // Reads the incident again and complains by itself.
    if (job !== null) retry(job.id)
    return null
  }

  function openPhoto(id: string): void {
    wantedPhoto = id
    if (lightbox !== null) lightbox.show(photosOf(store.shown), id)
    else void loadLightbox()
  }

  async function loadLightbox(): Promise<void> {
    const loaded = await import('../lightbox/lightbox.ts').catch(() => null)
    if (loaded === null) {
      complain('The photo could not be opened', 'The network is away. Try again in a moment.')
      links.closePhoto(store.shown?.id ?? '')
      return
    }
    const { createLightbox } = loaded
    if (closed || lightbox !== null) return
    lightbox = createLightbox({
      urlOf: (ref) => store.urlOf(ref),
      sign: (refs) => void store.sign(refs),
      goTo: (id) => links.replace(store.shown?.id ?? '', id),
      close: () => links.closePhoto(store.shown?.id ?? ''),
      download: downloadDocument,
    })
    if (wantedPhoto !== null) lightbox.show(photosOf(store.shown), wantedPhoto)
  }

  function enter(incident: Incident | null): void {
    if (room?.incidentId === (incident?.id ?? undefined)) return
    room?.close()
    side.count('notes', 0)
    room =
      incident === null
        ? null
        : new IncidentRoom(incident.id, {
            ...options,
            people: actions.people,
            reload: () => void store.reload(incident.id),
            unread: (count) => side.count('notes', count),
          })
    if (room !== null) side.notes.replaceChildren(room.notes)
  }

  return {
    update(visible, now) {
      const { shown, state } = store
      enter(visible ? shown : null)
      if (shown === null) return
      slots.sections.toggleAttribute('data-partial', !shown.complete)
      voiceNotes.update(shown, state.retrying)
      attachments.update(shown, state.retrying)
      reports.update(shown, { retrying: state.retrying, requesting })
      uploads.update(shown)
      people.update(room?.company.present ?? [], userId)
      room?.update(shown, now)
      timeline.update(shown, room?.messages ?? [])
      const originals = shown.documents
        .filter(({ kind }) => kind === 'audio')
        .map(({ originalPath }) => originalPath)
      if (navigator.onLine) {
        void store.sign(
          originals.filter((path) => path !== null).map((path) => ({ bucket: 'originals', path })),
        )
      }
      lightbox?.update(photosOf(shown))
      links.update(shown)
    },
    message: (message) => room?.message(message),
    close() {
      closed = true
      room?.close()
      uploads.close()
      lightbox?.destroy()
    },
  }

  function photosOf(incident: Incident | null): IncidentDocument[] {
    return (
      incident?.documents.filter(({ kind, job }) => kind === 'photo' && job?.status === 'completed') ?? []
    )
  }
}
