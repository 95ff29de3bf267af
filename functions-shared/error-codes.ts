/**
 * Every error code a user, a developer or an operator can meet. `docs/error-codes.md` gives cause and remedy
 * for each; a test holds the two together. `message` is what people read; it never contains internals.
 */

import { CLIENT_ERROR_CODES, DROP_IN_ERROR_CODES } from './client-error-codes.ts'

export const ERROR_CODES = {
  ...CLIENT_ERROR_CODES,
  ...DROP_IN_ERROR_CODES,
  // webhook
  signature_missing: { status: 401, message: 'The request has no signature.' },
  signature_malformed: { status: 401, message: 'The signature is not of the form sha256=<base64>.' },
  signature_mismatch: { status: 401, message: 'The signature does not match the request body.' },
  body_too_large: { status: 413, message: 'The request body is larger than 1 MB.' },
  method_not_allowed: { status: 405, message: 'This HTTP method is not accepted here.' },
  invalid_json: { status: 400, message: 'The request body is not valid JSON.' },
  invalid_form_response: { status: 400, message: 'The request body is not a Typeform response.' },
  claim_not_waiting: { status: 404, message: 'No such claim waits for the address of this account.' },
  claim_link_invalid: { status: 403, message: 'The link is of an earlier mail, or has expired.' },
  mailbox_unproven: { status: 403, message: 'Sign in by a link or code from your mailbox first.' },
  user_unknown: { status: 422, message: 'The response names no user that exists or can be created.' },
  webhook_not_configured: { status: 503, message: 'No webhook secret is configured.' },
  internal_error: { status: 500, message: 'Something went wrong on our side.' },
  // jobs
  job_not_found: { status: 404, message: 'There is no such job.' },
  invalid_job_request: { status: 400, message: 'The request names no job.' },
  document_not_found: { status: 404, message: 'There is no such document.' },
  lease_lost: { status: 409, message: 'Another worker has taken over this job.' },
  illegal_transition: { status: 409, message: 'The job is not in a state that allows this.' },
  immutable_column: { status: 409, message: 'What identifies a job never changes.' },
  too_many_steps: { status: 500, message: 'The work needs more steps than allowed.' },
  invalid_status_update: { status: 400, message: 'The request is not a status update.' },
  idempotency_conflict: { status: 409, message: 'This idempotency key was used for another request.' },
  reported_failed: { status: 502, message: 'The service that did the work reported a failure.' },
  status_sender_gone: { status: 409, message: 'Only the service that reported this can do it again.' },
  lease_expired: { status: 504, message: 'The work did not finish in time.' },
  worker_out_of_memory: { status: 500, message: 'The work needs more memory than a worker has.' },
  // downloading a file
  url_not_allowed: { status: 422, message: 'The file address is not allowed.' },
  private_address: { status: 422, message: 'The file address leads into a private network.' },
  too_many_redirects: { status: 422, message: 'The file address redirects too often.' },
  download_not_found: { status: 422, message: 'The file could not be found at its address.' },
  download_forbidden: { status: 422, message: 'The server of the file refused access to it.' },
  download_failed: { status: 502, message: 'The file could not be downloaded.' },
  download_timeout: { status: 504, message: 'The server of the file did not answer in time.' },
  download_truncated: { status: 502, message: 'The download ended before the file was complete.' },
  download_size_mismatch: { status: 502, message: 'The file has another size than its server announced.' },
  file_too_large: { status: 422, message: 'The file is larger than allowed.' },
  incident_not_found: { status: 404, message: 'There is no such incident.' },
  too_many_uploads: { status: 403, message: 'Too many uploads are open.' },
  upload_is_submitted: { status: 403, message: 'The uploaded file was submitted already.' },
  evidence_is_kept: { status: 409, message: 'The file is evidence and stays as it is.' },
  original_not_stored: { status: 409, message: 'The original is not stored.' },
  original_altered: { status: 500, message: 'The kept file is missing or was altered.' },
  too_many_documents: { status: 409, message: 'The incident has as many documents as allowed.' },
  upload_not_found: { status: 404, message: 'The uploaded file is not there.' },
  file_empty: { status: 422, message: 'The file is empty.' },
  // people on a case
  role_forbidden: { status: 403, message: 'Your place on this case, or in the firm, does not allow this.' },
  email_invalid: { status: 422, message: 'That is not an e-mail address.' },
  already_member: { status: 409, message: 'This person is there already.' },
  too_many_members: { status: 409, message: 'The case has as many people as allowed.' },
  not_staff: { status: 409, message: 'Only people of the firm can handle a case.' },
  owner_stays: { status: 409, message: 'The owner of a case stays its owner.' },
  member_not_found: { status: 404, message: 'This person is not there any more.' },
  incident_taken: { status: 409, message: 'Somebody else has taken this case.' },
  invitation_not_found: { status: 404, message: 'There is no such invitation.' },
  last_admin: { status: 409, message: 'The firm needs at least one admin.' },
  // images
  not_an_image: { status: 422, message: 'The file is not a JPEG, PNG, WebP or HEIC image.' },
  svg_not_allowed: { status: 422, message: 'SVG images are not accepted.' },
  html_not_image: { status: 422, message: 'The file address leads to a web page, not to an image.' },
  image_truncated: { status: 422, message: 'The image file is incomplete.' },
  image_too_large: { status: 422, message: 'The image has more pixels than allowed.' },
  image_too_complex: { status: 422, message: 'The image takes more work to decode than allowed.' },
  image_undecodable: { status: 422, message: 'The image could not be read.' },
  storage_unavailable: { status: 503, message: 'The file store is unavailable; try again later.' },
  // transcription
  not_audio: {
    status: 422,
    message: 'The file is not a WAV, MP3, M4A, QuickTime, Ogg, WebM or FLAC recording.',
  },
  audio_format_unsupported: {
    status: 422,
    message: 'The transcription service does not take AMR and CAF recordings.',
  },
  audio_truncated: { status: 422, message: 'The recording is incomplete.' },
  audio_undecodable: { status: 422, message: 'The recording could not be read.' },
  audio_empty: { status: 422, message: 'There is nothing to hear in the recording.' },
  audio_too_long: { status: 422, message: 'The recording is longer than allowed.' },
  audio_too_large: { status: 422, message: 'The recording is larger than the transcription service takes.' },
  transcription_not_configured: { status: 503, message: 'No transcription service is configured.' },
  provider_refused: { status: 502, message: 'The transcription service refuses to work for this project.' },
  provider_quota_exceeded: { status: 503, message: 'The account at the transcription service is used up.' },
  provider_rejected_audio: { status: 422, message: 'The transcription service could not use the recording.' },
  provider_rate_limited: { status: 429, message: 'The transcription service is busy; try again later.' },
  provider_unavailable: {
    status: 503,
    message: 'The transcription service is unavailable; try again later.',
  },
  provider_timeout: { status: 504, message: 'The transcription service did not answer in time.' },
  provider_answer_invalid: { status: 502, message: 'The transcription service answered in an unknown form.' },
  // reports
  report_not_found: { status: 404, message: 'There is no such report.' },
  report_incomplete: { status: 422, message: 'The claim lacks what a report must have.' },
  // embedded stack
  keys_file_invalid: {
    status: 500,
    message: 'The key file of the embedded stack cannot be used; repair it, or start afresh with --fresh.',
  },
  auth_config_invalid: {
    status: 500,
    message: 'The settings of Auth in supabase/config.toml cannot be used.',
  },
  data_dir_in_use: { status: 503, message: 'Another embedded stack is using this data folder.' },
  data_dir_unusable: { status: 500, message: 'The data folder cannot be used.' },
  platform_unsupported: { status: 500, message: 'There are no PostgreSQL programs for this machine on npm.' },
  deno_missing: { status: 500, message: 'npm has not installed the Deno program for this machine.' },
  address_malformed: { status: 400, message: 'The request has no valid address or Host header.' },
  host_not_allowed: { status: 403, message: 'This server does not go by the name in the Host header.' },
  no_free_port: { status: 503, message: 'No free port was found.' },
  postgres_start_failed: { status: 500, message: 'The database server did not start.' },
  bootstrap_failed: { status: 500, message: 'The database could not be prepared.' },
  sample_failed: { status: 500, message: 'The sample claim did not come through.' },
  migration_failed: { status: 500, message: 'A migration could not be applied.' },
} as const satisfies Record<string, { status: number; message: string }>

export type ErrorCode = keyof typeof ERROR_CODES

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value)
}
