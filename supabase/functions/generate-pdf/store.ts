/** Reports in the database: the rows that a report is made of, and the facts of its file. */

import type { SupabaseClient } from '@supabase/supabase-js'
import * as v from 'valibot'
import { fileLabels } from '../../../functions-shared/document-labels.ts'
import { execute, findRow, query } from '../_shared/database.ts'
import { documentRow, incidentRow, reportRow, transcriptRow } from './parse.ts'
import type { ReportSource } from './source.ts'

export interface ReportStore {
  /** @throws AppError `report_not_found`, `database_unavailable` */
  load(reportId: string): Promise<ReportSource>
  /** Writes the name of the file, unless an earlier attempt has chosen one. @throws AppError `database_unavailable` */
  name(reportId: string, fileName: string): Promise<void>
  /** Writes the facts of the file. False for a report that was deleted meanwhile. @throws AppError `database_unavailable` */
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

/** Rows in one answer. Projects have limits of 1,000 and more. */
const PAGE = 500

export function createReportStore(client: SupabaseClient): ReportStore {
  const findOne = <Schema extends v.GenericSchema>(
    schema: Schema,
    [table, columns, id]: readonly [table: string, columns: string, id: string],
  ) => findRow(schema, client.from(table).select(columns).eq('id', id).maybeSingle(), 'report_not_found')

  async function findAll<Schema extends v.GenericSchema>(
    schema: Schema,
    [table, columns, incidentId]: readonly [table: string, columns: string, incidentId: string],
  ): Promise<v.InferOutput<Schema>[]> {
    const rows: v.InferOutput<Schema>[] = []
    for (;;) {
      const page = await query(
        v.array(schema),
        client
          .from(table)
          .select(columns)
          .eq('incident_id', incidentId)
          .order('created_at')
          .order('id')
          .range(rows.length, rows.length + PAGE - 1),
      )
      rows.push(...page)
      if (page.length < PAGE) return rows
    }
  }

  return {
    async load(reportId) {
      const report = await findOne(reportRow, ['reports', REPORT, reportId])
      const [incident, documents, transcripts, custody] = await Promise.all([
        findOne(incidentRow, ['incidents', INCIDENT, report.incidentId]),
        findAll(documentRow, ['documents', DOCUMENT, report.incidentId]),
        findAll(transcriptRow, ['transcriptions', TRANSCRIPT, report.incidentId]),
        query(
          v.nullable(v.object({ number: v.number(), hash: v.string() })),
          client.rpc('custody_head', { p_incident_id: report.incidentId }).maybeSingle(),
        ),
      ])
      const labels = fileLabels(documents)
      const labelled = documents.map((document) => ({ ...document, label: labels.get(document.id) ?? null }))
      return { report, incident, documents: labelled, transcripts, custody }
    },
    name: (reportId, fileName) =>
      execute(
        client.from('reports').update({ file_name: fileName }).eq('id', reportId).is('file_name', null),
      ),
    async finish(reportId, { path, fileSize, pageCount, sha256, completedAt }) {
      const written = await query(
        v.array(v.unknown()),
        client
          .from('reports')
          .update({
            path,
            file_size: fileSize,
            page_count: pageCount,
            sha256,
            completed_at: completedAt.toISOString(),
          })
          .eq('id', reportId)
          .select('id'),
      )
      return written.length > 0
    },
  }
}
