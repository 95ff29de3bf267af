/**
 * Every message that travels from the database to a browser, and the few that travel back.
 *
 * Durable messages are rows of `public.notifications`: they carry `seq` (gapless per user) and `epoch`
 * (changes when a user's numbering starts afresh). Volatile messages (progress) are broadcast only.
 */

export const MESSAGE_TYPES = [
  'subscribe',
  'unsubscribe',
  'ping',
  'pong',
  'error',
  'transcription_queued',
  'transcription_processing',
  'transcription_progress',
  'transcription_complete',
  'transcription_failed',
  'image_processing_started',
  'image_processing_progress',
  'image_processed',
  'image_processing_failed',
  'pdf_generation_started',
  'pdf_generation_progress',
  'pdf_generated',
  'pdf_generation_failed',
  'realtime_update',
  'status_update',
  'batch_update',
  'presence_update',
  'user_typing',
  'notification_read',
] as const

export type MessageType = (typeof MESSAGE_TYPES)[number]

/** Fields that every message about a job carries beside its own. */
export interface JobMessageFields {
  jobId: string
  incidentId: string | null
  /** ISO 8601 with milliseconds, UTC: the moment of the status change. */
  timestamp: string
  /**
   * `jobs.revision`: rises by one with every message about the job. The messages of a `queue:<id>` topic have no
   * `seq`; this orders them. Absent from notifications that were stored before it existed.
   */
  revision?: number
  /** Present on durable messages of the user's own topic only. */
  seq?: number
  epoch?: string
}

export interface ImageMessage extends JobMessageFields {
  type:
    | 'image_processing_started'
    | 'image_processing_progress'
    | 'image_processed'
    | 'image_processing_failed'
  documentId: string
  documentType: string
  status: 'pending' | 'processing' | 'completed' | 'failed'
  /** 0 to 100; on progress messages. */
  progress?: number
  stage?: string
  /** Signed URL of the thumbnail; expires, see `signedUrlExpiresAt`. */
  signedUrl?: string
  signedUrlExpiresAt?: string
  /** On `image_processed`. `none`: such a file has no preview; `unavailable`: this photo is too much for the worker. */
  preview?: 'available' | 'unavailable' | 'none'
  /** The first document of the incident with the same bytes, on `image_processed` of a later one. */
  duplicateOf?: string
  /** Milliseconds from claim to end. */
  processingDuration?: number
  error?: string
  errorCode?: string
}

export interface PdfMessage extends JobMessageFields {
  type: 'pdf_generation_started' | 'pdf_generation_progress' | 'pdf_generated' | 'pdf_generation_failed'
  reportId: string
  status: 'pending' | 'generating' | 'completed' | 'failed'
  progress?: number
  stage?: string
  /** Signed URL of the file; expires, see `pdfUrlExpiresAt`. */
  pdfUrl?: string
  pdfUrlExpiresAt?: string
  /** Bytes. */
  fileSize?: number
  error?: string
  errorCode?: string
}

export interface TranscriptionMessage extends JobMessageFields {
  type:
    | 'transcription_queued'
    | 'transcription_processing'
    | 'transcription_progress'
    | 'transcription_complete'
    | 'transcription_failed'
  transcriptionId: string
  /** The voice note. */
  documentId?: string
  queueId: string | null
  status: 'queued' | 'processing' | 'completed' | 'failed'
  progress?: number
  stage?: string
  /** On progress messages: what has been recognised so far, at most its last 4,000 characters. Plain text. */
  text?: string
  /** Seconds of audio. */
  duration?: number
  wordCount?: number
  /** No speech was recognised: a stand-in wrote the transcript, which says so. */
  simulated?: boolean
  error?: string
  errorCode?: string
}

export interface StatusUpdateMessage extends JobMessageFields {
  type: 'status_update'
  /** What was done, in the words of the service that did it, e.g. `vehicle_lookup`. */
  updateType: string
  /** To what, e.g. `vehicle:AB-123`. */
  resource: string
  /** How it stands, in the same service's words; `state` says it in ours. */
  status: string
  /** Absent from messages of before it existed. */
  state?: 'queued' | 'processing' | 'completed' | 'failed'
  data?: unknown
  progress?: number
  stage?: string
  error?: string
  errorCode?: string
}

export type JobMessage = ImageMessage | PdfMessage | TranscriptionMessage | StatusUpdateMessage

/** Many changes of one statement: at most 100 messages and 200 KB; listeners get the inner messages. */
export interface BatchUpdateMessage {
  type: 'batch_update'
  messages: JobMessage[]
  timestamp: string
}

export type ServerMessage = JobMessage | BatchUpdateMessage

/** To the user's own topic when notifications were marked, by whichever device. Volatile. */
export interface NotificationReadMessage {
  type: 'notification_read'
  /** Either every notification up to this number was marked, */
  upTo?: number
  /** or these, ascending. */
  seqs?: number[]
  /** What they are now; absent: unchanged. */
  seen?: boolean
  read?: boolean
  /** Exact as of `headSeq` of `epoch`: a notification with a higher `seq` is unseen and unread, and not counted. */
  unseenCount: number
  unreadCount: number
  headSeq: number
  epoch: string
  timestamp: string
}

/** To the user's own topic when a device took the place of another. */
export interface ConnectionDisplacedMessage {
  type: 'error'
  code: 'connection_displaced'
  message: string
  /** The device that has to disconnect; the others ignore the message. */
  deviceId: string
  displacedBy: string
  timestamp: string
}

/** From a client, by `send_to_topic`, on `incident:<id>`; the database sets all of these fields. */
export interface MemberMessage {
  type: string
  incidentId: string
  /** Who sent it. */
  userId: string
  timestamp: string
}

/** A message with a place in the user's durable, gapless sequence. */
export type DurableMessage = JobMessage & { seq: number; epoch: string }

export function isDurable(message: JobMessage): message is DurableMessage {
  return typeof message.seq === 'number' && typeof message.epoch === 'string'
}

/** Which shape each job message has. A new kind of job adds its types here, with a family of its own. */
export const JOB_MESSAGE_FAMILIES = {
  image_processing_started: 'image',
  image_processing_progress: 'image',
  image_processed: 'image',
  image_processing_failed: 'image',
  pdf_generation_started: 'pdf',
  pdf_generation_progress: 'pdf',
  pdf_generated: 'pdf',
  pdf_generation_failed: 'pdf',
  transcription_queued: 'transcription',
  transcription_processing: 'transcription',
  transcription_progress: 'transcription',
  transcription_complete: 'transcription',
  transcription_failed: 'transcription',
  status_update: 'status',
} as const satisfies Record<JobMessage['type'], string>

export type JobMessageFamily = (typeof JOB_MESSAGE_FAMILIES)[JobMessage['type']]
