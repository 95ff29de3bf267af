/**
 * The work of one report job.
 *
 *   load ─▶ compose (photo by photo) ─▶ store the file ─▶ write its facts to the report's row ─▶ sign
 *
 * A second attempt may repeat every step: the file's path is chosen once and overwritten, and the same claim gives the
 * same bytes. Before each write the worker reports progress, which throws `lease_lost` once the lease is lost.
 */

import { AppError } from '../../../functions-shared/app-error.ts'
import type { Files } from '../_shared/files.ts'
import type { Lease } from '../_shared/lease.ts'
import type { Log } from '../_shared/log.ts'
import { encodeHex } from '../_shared/std.ts'
import { fileNameFor } from './file-name.ts'
import type { Fonts } from './fonts.ts'
import { layOut } from './layout.ts'
import type { LoadPhoto } from './photos.ts'
import { missingFields, type ReportSource } from './source.ts'
import type { ReportStore } from './store.ts'

export interface WorkDependencies {
  reports: ReportStore
  files: Files
  loadFonts: () => Promise<Fonts>
  log: Log
  now: () => Date
}

/** The result given to `complete_job`. The first three names are those of the message to the browser. */
export interface ReportResult {
  pdfUrl: string
  pdfUrlExpiresAt: string
  /** Bytes. */
  fileSize: number
  path: string
  pageCount: number
  sha256: string
}

/** Seconds. */
export const SIGNED_URL_LIFETIME = 3600

/** Percent of progress at which each stage begins. */
const STAGES = { loading: 5, composing: 15, photos: 20, storing: 85, signing: 95 } as const

const PDF = 'application/pdf'

/** @throws AppError `report_incomplete`, `report_not_found`, or the code of the failure; `lease_lost` when another worker may have the job */
export async function generateReport(
  reportId: string,
  lease: Lease,
  dependencies: WorkDependencies,
): Promise<ReportResult> {
  const { reports, files, loadFonts, now } = dependencies
  await lease.report(STAGES.loading, 'loading')
  const source = await reports.load(reportId)
  requireComplete(source)

  await lease.report(STAGES.composing, 'composing')
  const { bytes, pageCount } = await layOut(source, {
    fonts: await loadFonts(),
    loadPhoto: photoLoader(source, lease, dependencies),
  })
  const sha256 = encodeHex(await crypto.subtle.digest('SHA-256', bytes))

  await lease.report(STAGES.storing, 'storing')
  const { report, incident } = source
  const fileName = report.fileName ?? fileNameFor(incident.title, incident.occurredOn)
  if (report.fileName === null) await reports.name(reportId, fileName)
  const path = `${incident.id}/${reportId}/${fileName}`
  await files.put('reports', path, bytes, PDF)
  const file = { path, fileSize: bytes.length, pageCount, sha256, completedAt: now() }
  if (!(await reports.finish(reportId, file))) {
    // The report was deleted with its incident during the work, so no later step would remove the file.
    await files.remove('reports', [path])
    throw new AppError('report_not_found')
  }

  await lease.report(STAGES.signing, 'signing')
  // Counted from before the signing, so that the stated expiry is never later than the URL's own.
  const pdfUrlExpiresAt = new Date(now().getTime() + SIGNED_URL_LIFETIME * 1000).toISOString()
  const pdfUrl = await files.sign('reports', path, SIGNED_URL_LIFETIME)
  return { pdfUrl, pdfUrlExpiresAt, fileSize: bytes.length, path, pageCount, sha256 }
}

function requireComplete(source: ReportSource): void {
  const missing = missingFields(source)
  if (missing.length === 0) return
  throw new AppError('report_incomplete', {
    message: `Missing required fields: ${missing.join(', ')}`,
    details: { missing },
  })
}

/** Loads one photo after the other and reports progress for each. */
function photoLoader({ documents }: ReportSource, lease: Lease, { files, log }: WorkDependencies): LoadPhoto {
  const count = documents.filter(({ kind }) => kind === 'photo').length
  let done = 0
  return async (photo, size) => {
    await lease.report(STAGES.photos + (done / count) * (STAGES.storing - STAGES.photos), 'photos')
    done += 1
    const path = size === 'thumbnail' ? photo.thumbnailPath : photo.previewPath
    if (path === null) return null
    const bytes = await files.get('derivatives', path)
    if (bytes !== null && isJpeg(bytes)) return bytes
    log.warn('preview_unusable', { document: photo.id, found: bytes !== null })
    return null
  }
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff
}
