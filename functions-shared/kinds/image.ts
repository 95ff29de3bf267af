/** Photos and attachments of an incident. */

import * as v from 'valibot'
import { defineKind, field } from '../definitions/kind.ts'

export const image = defineKind({
  kind: 'image',
  typeName: 'ImageMessage',
  functionName: 'process-image',
  about:
    'A photo or another attachment of an incident: the original is kept byte for byte, and a photo gets a preview and a thumbnail.',
  types: {
    queued: null,
    started: 'image_processing_started',
    progress: 'image_processing_progress',
    completed: 'image_processed',
    failed: 'image_processing_failed',
  },
  statuses: { queued: 'pending' },
  subject: { documentId: field(v.string(), 'Id of the document.', '9a6d1f60-0b6e-4b3a-8f1e-2c9b7e4d1a05') },
  input: {
    documentType: field(
      v.string(),
      'What the form calls the file, e.g. `photo` or `police_report`.',
      'photo',
    ),
  },
  result: {
    signedUrl: v.exactOptional(
      field(
        v.string(),
        'Signed URL of the thumbnail, valid until `signedUrlExpiresAt`.',
        'https://project.supabase.co/storage/v1/object/sign/derivatives/thumbnail.jpg?token=…',
      ),
    ),
    signedUrlExpiresAt: v.exactOptional(
      field(v.string(), 'When `signedUrl` ends: ISO 8601, UTC.', '2026-11-23T11:00:00.000Z'),
    ),
    preview: v.exactOptional(
      field(
        v.picklist(['available', 'unavailable', 'none']),
        '`none`: files of this type have no preview. `unavailable`: the photo needs more memory than the worker has.',
        'available',
      ),
    ),
    duplicateOf: v.exactOptional(
      field(
        v.string(),
        'Id of the first document of the incident with the same bytes; absent from that document itself.',
        '3e9d0b7c-5f21-4e6b-a7c8-8d4b6f2e1c06',
      ),
    ),
  },
  required: ['documentId'],
  signedUrl: { url: 'signedUrl', expiresAt: 'signedUrlExpiresAt' },
  words: {
    noun: 'Photo',
    topic: 'photo',
    choice: 'Photos and files',
    // The timeline shows the document's name beside the title.
    timeline: { started: 'Processing started', completed: 'Ready', failed: 'Failed' },
    // The function that reads photos also keeps and checks the other attachments.
    variants: [{ field: 'documentType', matches: /attachment|pdf|file/i, noun: 'Attachment', topic: 'file' }],
  },
})
