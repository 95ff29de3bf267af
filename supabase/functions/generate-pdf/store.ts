/** Reports in the database: what one is made of, and what became of it. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../functions-shared/app-error.ts'
import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import { databaseError } from '../_shared/upstream.ts'
import { parseDocument, parseIncident, parseReport, parseTranscript } from './parse.ts'
import type { ReportRow, ReportSource } from './source.ts'

export interface ReportStore {
  /** @throws AppError `report_not_found`, `database_unavailable` */
  load(reportId: string): Promise<ReportSource>
  /** Notes where the file is going to be, so that every attempt writes to the same place. @throws AppError */
  name(reportId: string, fileName: string): Promise<void>
  /** False where the report was deleted meanwhile. @throws AppError `database_unavailable` */
  finish(reportId: string, file: ReportFile): Promise<boolean>
}

export interface ReportFile {
  path: string
  fileSize: number
  pageCount: number
  sha256: string
  completedAt: Date
}

const REPORT = 'id, incident_id, origin, language, created_at, file_name'
const INCIDENT = 'id, title, description, occurred_on, reporter_email, created_at, answers'
const WORK = 'job:jobs (status, error)'
const DOCUMENT = `id, kind, source_ref, file_name, content_type, byte_size, sha256, received_at, preview_path, thumbnail_path, width, height, metadata, duplicate_of, ${WORK}`
const TRANSCRIPT = `document_id, simulated, provider, model, language, text, segments, duration, word_count, ${WORK}`

/** Rows in one answer: below what projects are limited to. */
const PAGE = 500

export function createReportStore(client: SupabaseClient): ReportStore {
  async function findOne(table: string, columns: string, id: string): Promise<Record<string, unknown>> {
    const { data, error, status } = await client.from(table).select(columns).eq('id', id).maybeSingle()
    if (error) throw databaseError({ error, status })
    const row: unknown = data
    if (!isRecord(row)) throw new AppError('report_not_found')
    return row
  }

  async function findAll(table: string, columns: string, incidentId: string): Promise<unknown[]> {
    const rows: unknown[] = []
    for (;;) {
      const { data, error, status } = await client
        .from(table)
        .select(columns)
        .eq('incident_id', incidentId)
        .order('created_at')
        .order('id')
        .range(rows.length, rows.length + PAGE - 1)
      if (error) throw databaseError({ error, status })
      const page: unknown[] = data
      rows.push(...page)
      if (page.length < PAGE) return rows
    }
  }

  return {
    async load(reportId) {
      const report: ReportRow = parseReport(await findOne('reports', REPORT, reportId))
      const [incident, documents, transcripts] = await Promise.all([
        findOne('incidents', INCIDENT, report.incidentId),
        findAll('documents', DOCUMENT, report.incidentId),
        findAll('transcriptions', TRANSCRIPT, report.incidentId),
      ])
      return {
        report,
        incident: parseIncident(incident),
        documents: documents.map(parseDocument),
        transcripts: transcripts.map(parseTranscript),
      }
    },
    async name(reportId, fileName) {
      const { error, status } = await client
        .from('reports')
        .update({ file_name: fileName })
        .eq('id', reportId)
        .is('file_name', null)
      if (error) throw databaseError({ error, status })
    },
    async finish(reportId, { path, fileSize, pageCount, sha256, completedAt }) {
      const { data, error, status } = await client
        .from('reports')
        .update({
          path,
          file_size: fileSize,
          page_count: pageCount,
          sha256,
          completed_at: completedAt.toISOString(),
        })
        .eq('id', reportId)
        .select('id')
      if (error) throw databaseError({ error, status })
      const rows: unknown[] = data
      return rows.some((row) => isRecord(row) && textAt(row, 'id') === reportId)
    },
  }
}
