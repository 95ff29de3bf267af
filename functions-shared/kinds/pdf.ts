/** The report of an incident as a PDF file. */

import * as v from 'valibot'
import { defineKind, field } from '../definitions/kind.ts'

export const pdf = defineKind({
  kind: 'pdf',
  typeName: 'PdfMessage',
  functionName: 'generate-pdf',
  about: 'The report of an incident, made as a PDF file from its fields, photos and transcripts.',
  types: {
    queued: null,
    started: 'pdf_generation_started',
    progress: 'pdf_generation_progress',
    completed: 'pdf_generated',
    failed: 'pdf_generation_failed',
  },
  statuses: { queued: 'pending', processing: 'generating' },
  subject: { reportId: field(v.string(), 'Id of the report.', '1f7b3c92-4e5d-4d8a-9b60-3a7c5e9f2d08') },
  result: {
    pdfUrl: v.exactOptional(
      field(
        v.string(),
        'Signed URL of the file, valid until `pdfUrlExpiresAt`.',
        'https://project.supabase.co/storage/v1/object/sign/reports/report.pdf?token=…',
      ),
    ),
    pdfUrlExpiresAt: v.exactOptional(
      field(v.string(), 'When `pdfUrl` ends: ISO 8601, UTC.', '2026-11-23T11:00:00.000Z'),
    ),
    fileSize: v.exactOptional(field(v.number(), 'Bytes of the file.', 2_310_000)),
  },
  required: ['reportId'],
  signedUrl: { url: 'pdfUrl', expiresAt: 'pdfUrlExpiresAt' },
  words: {
    noun: 'Report',
    topic: 'report',
    choice: 'Reports',
    titles: { processing: 'Making report' },
    result: [{ field: 'fileSize', as: 'bytes' }],
  },
})
