// Written by `npm run messages` from functions-shared/kinds and functions-shared/definitions. Do not edit.
/**
 * Every message that travels from the database to a browser, and the few that travel back. `docs/messages.md` says
 * when each is sent and by whom.
 *
 * Durable messages are rows of `public.notifications`: they carry `seq` (gapless per user) and `epoch` (changes when
 * a user's numbering starts afresh). Volatile messages (progress) are broadcast only.
 */

export const MESSAGE_TYPES = [
  'subscribe',
  'unsubscribe',
  'ping',
  'pong',
  'presence_update',
  'image_processing_started',
  'image_processing_progress',
  'image_processed',
  'image_processing_failed',
  'pdf_generation_started',
  'pdf_generation_progress',
  'pdf_generated',
  'pdf_generation_failed',
  'status_update',
  'transcription_queued',
  'transcription_processing',
  'transcription_progress',
  'transcription_complete',
  'transcription_failed',
  'note_added',
  'mentioned',
  'member_added',
  'member_removed',
  'incident_added',
  'assigned',
  'incident_state',
  'batch_update',
  'notification_read',
  'error',
  'realtime_update',
  'incident_moved',
  'user_typing',
] as const

export type MessageType = (typeof MESSAGE_TYPES)[number]

/** Fields that every message about a job carries beside its own. */
export interface JobMessageFields {
  /** Id of the job. */
  jobId: string
  /** Id of the incident that the job belongs to; null for a job without one. */
  incidentId: string | null
  /** The moment of the change: ISO 8601 with milliseconds, UTC. */
  timestamp: string
  /**
   * `jobs.revision`. It rises by one with every message about the job, and orders the messages of a
   * `queue:<id>` topic, which have no `seq`. Absent from notifications that were stored before the column
   * existed.
   */
  revision?: number
  /** Id of the queue that the job belongs to. Messages of such a job also go to `queue:<queueId>`. */
  queueId?: string | null
  /** Percent, 0 to 100. On progress messages. */
  progress?: number
  /** Name of the step that the worker is at. On progress messages. */
  stage?: string
  /** Milliseconds from the claim to the end. On the message of the end. */
  processingDuration?: number
  /** Why the job failed, in a sentence for people. */
  error?: string
  /** Why the job failed, as a code of `docs/error-codes.md`. */
  errorCode?: string
  /** Place in the user's sequence, without gaps. Present on durable messages of the user's own topic only. */
  seq?: number
  /** Changes when the user's numbering starts afresh. Present together with `seq`. */
  epoch?: string
  /**
   * Why the user has the message. Absent for a message without an incident, and for a user who does not
   * follow the incident.
   */
  reason?: 'owner' | 'assigned' | 'mentioned' | 'following' | 'staff'
  /**
   * Pages show no toast: the user wants this kind of message in the inbox only or, without `seq`, not at all,
   * or has made the change.
   */
  quiet?: true
}

/**
 * A photo or another attachment of an incident: the original is kept byte for byte, and a photo gets a
 * preview and a thumbnail.
 */
export interface ImageMessage extends JobMessageFields {
  type:
    | 'image_processing_started'
    | 'image_processing_progress'
    | 'image_processed'
    | 'image_processing_failed'
  /** Id of the document. */
  documentId: string
  /** What the form calls the file, e.g. `photo` or `police_report`. */
  documentType: string
  /** Where the job stands. */
  status: 'pending' | 'processing' | 'completed' | 'failed'
  /** Signed URL of the thumbnail, valid until `signedUrlExpiresAt`. */
  signedUrl?: string
  /** When `signedUrl` ends: ISO 8601, UTC. */
  signedUrlExpiresAt?: string
  /**
   * `none`: files of this type have no preview. `unavailable`: the photo needs more memory than the worker
   * has.
   */
  preview?: 'available' | 'unavailable' | 'none'
  /** Id of the first document of the incident with the same bytes; absent from that document itself. */
  duplicateOf?: string
}

/** The report of an incident, made as a PDF file from its fields, photos and transcripts. */
export interface PdfMessage extends JobMessageFields {
  type: 'pdf_generation_started' | 'pdf_generation_progress' | 'pdf_generated' | 'pdf_generation_failed'
  /** Id of the report. */
  reportId: string
  /** Where the job stands. */
  status: 'pending' | 'generating' | 'completed' | 'failed'
  /** Signed URL of the file, valid until `pdfUrlExpiresAt`. */
  pdfUrl?: string
  /** When `pdfUrl` ends: ISO 8601, UTC. */
  pdfUrlExpiresAt?: string
  /** Bytes of the file. */
  fileSize?: number
}

/**
 * Work of another service, e.g. a vehicle look-up. The service reports it by the function or by SQL; every
 * report that begins or ends the work is durable.
 */
export interface StatusUpdateMessage extends JobMessageFields {
  type: 'status_update'
  /** An id of this update alone. */
  subjectId?: string
  /** What is done, in the words of the service. */
  updateType: string
  /** What it is done to. */
  resource: string
  /** How the work stands, in the words of the service that does it; `state` says the same in ours. */
  status: string
  /** Whatever the service adds: any JSON of at most 32 KB. */
  data?: unknown
  /**
   * Where the job stands, whatever word `status` uses. Absent from notifications that were stored before the
   * field existed.
   */
  state?: 'queued' | 'processing' | 'completed' | 'failed'
}

/**
 * A voice note of an incident: the original is kept byte for byte, and its text is recognised by a
 * transcription service.
 */
export interface TranscriptionMessage extends JobMessageFields {
  type:
    | 'transcription_queued'
    | 'transcription_processing'
    | 'transcription_progress'
    | 'transcription_complete'
    | 'transcription_failed'
  /** Id of the transcription. */
  transcriptionId: string
  /** Id of the document that is the voice note. */
  documentId?: string
  /** Id of the queue of this one transcription. The messages also go to `queue:<queueId>`. */
  queueId: string | null
  /** Where the job stands. */
  status: 'queued' | 'processing' | 'completed' | 'failed'
  /** On progress messages: what has been recognised so far, at most its last 4,000 characters. Plain text. */
  text?: string
  /** Length of the recording in seconds. */
  duration?: number
  /** Words of the transcript. */
  wordCount?: number
  /**
   * True where no transcription service was configured: no speech was recognised, and the transcript says so.
   */
  simulated?: boolean
}

export type JobMessage = ImageMessage | PdfMessage | StatusUpdateMessage | TranscriptionMessage

/** Fields that every message about an incident carries beside its own. */
export interface IncidentMessageFields {
  /** Id of the incident. */
  incidentId: string
  /** Id of the user who made the change; null for a service. */
  userId: string | null
  /** The moment of the change: ISO 8601 with milliseconds, UTC. */
  timestamp: string
  /** Place in the user's sequence, without gaps. Present on durable messages of the user's own topic only. */
  seq?: number
  /** Changes when the user's numbering starts afresh. Present together with `seq`. */
  epoch?: string
  /**
   * Why the user has the message. Absent for a message without an incident, and for a user who does not
   * follow the incident.
   */
  reason?: 'owner' | 'assigned' | 'mentioned' | 'following' | 'staff'
  /**
   * Pages show no toast: the user wants this kind of message in the inbox only or, without `seq`, not at all,
   * or has made the change.
   */
  quiet?: true
}

/** A member has written a note. */
export interface NoteAddedMessage extends IncidentMessageFields {
  type: 'note_added'
  /** Id of the note. */
  noteId: string
}

/** A note mentions the user. */
export interface MentionedMessage extends IncidentMessageFields {
  type: 'mentioned'
  /** Id of the note. */
  noteId: string
}

/** Another user has become a member of the incident. */
export interface MemberAddedMessage extends IncidentMessageFields {
  type: 'member_added'
  /** Id of the new member. */
  memberId: string
  /** `owner`, `handler` or `viewer`. */
  role: string
}

/** A member of the incident has been removed, or has left. */
export interface MemberRemovedMessage extends IncidentMessageFields {
  type: 'member_removed'
  /** Id of the former member, who may be the reader. */
  memberId: string
}

/** The incident is new to the user. */
export interface IncidentAddedMessage extends IncidentMessageFields {
  type: 'incident_added'
  /** `owner`, `handler` or `viewer`. */
  role?: string
}

/** The incident has been assigned to a handler. */
export interface AssignedMessage extends IncidentMessageFields {
  type: 'assigned'
  /** Id of the handler, who may be the reader. */
  assigneeId: string
}

/** The state of the incident has changed. */
export interface IncidentStateMessage extends IncidentMessageFields {
  type: 'incident_state'
  /** `new`, `in_progress`, `waiting_for_claimant` or `done`. */
  state: string
}

/** A message about an incident that is not about one of its jobs. */
export type IncidentMessage =
  | NoteAddedMessage
  | MentionedMessage
  | MemberAddedMessage
  | MemberRemovedMessage
  | IncidentAddedMessage
  | AssignedMessage
  | IncidentStateMessage

/** A message that a user's own topic carries and that can be stored. */
export type UserMessage = JobMessage | IncidentMessage

/** Several messages, in order. The client hands each of them over by itself. */
export interface BatchUpdateMessage {
  type: 'batch_update'
  /** The messages, each as if it had been sent alone. */
  messages: UserMessage[]
  /** The moment of the statement: ISO 8601 with milliseconds, UTC. */
  timestamp: string
}

/** Notifications of the user were marked as seen or read, on one of the devices. */
export interface NotificationReadMessage {
  type: 'notification_read'
  /** Every notification up to this number was marked. Either `upTo` or `seqs` is present. */
  upTo?: number
  /** The numbers of the notifications that changed, ascending. */
  seqs?: number[]
  /** The new mark; absent where it was not changed. */
  seen?: boolean
  /** The new mark; absent where it was not changed. */
  read?: boolean
  /** The new mark; absent where it was not changed. */
  done?: boolean
  /** Unseen notifications with a number up to `headSeq`. */
  unseenCount: number
  /** Unread notifications with a number up to `headSeq`. Later ones are unread, and the reader adds them. */
  unreadCount: number
  /** The highest number when the counts were taken. */
  headSeq: number
  /** The epoch that the numbers belong to. */
  epoch: string
  /** The moment of marking: ISO 8601 with milliseconds, UTC. */
  timestamp: string
}

/**
 * A device took the place of another one. The device named by `deviceId` disconnects; others ignore the
 * message.
 */
export interface ConnectionDisplacedMessage {
  type: 'error'
  /** The only code that is sent. */
  code: 'connection_displaced'
  /** The error in a sentence. */
  message: string
  /** Id of the device that has to disconnect. */
  deviceId: string
  /** Id of the device that took its place. */
  displacedBy: string
  /** The moment of the change: ISO 8601 with milliseconds, UTC. */
  timestamp: string
}

/** Something of the incident has changed. Readers that show it read the row again. */
export interface RealtimeUpdateMessage {
  type: 'realtime_update'
  /** The table of the change. */
  table: 'incidents' | 'incident_members' | 'case_notes' | 'jobs'
  /** Id of the incident. */
  incidentId: string
  /**
   * Id of the user who made the change; for `jobs` on the topic of the incident, of the user whose job it is.
   * Null for a service.
   */
  userId: string | null
  /** The new row, with the columns of `case_notes`. Absent for other tables. */
  record?: unknown
  /** The moment of the change: ISO 8601 with milliseconds, UTC. */
  timestamp: string
}

/**
 * The incident has another topic, whose name `incident_topics()` tells those who still see the incident. The
 * last message on the old topic.
 */
export interface IncidentMovedMessage {
  type: 'incident_moved'
  /** Id of the incident. */
  incidentId: string
  /** The moment of the change: ISO 8601 with milliseconds, UTC. */
  timestamp: string
}

/** A member of the incident is typing. */
export interface UserTypingMessage {
  type: 'user_typing'
  /** Id of the incident. */
  incidentId: string
  /** Id of the user who sent it. Set by the database. */
  userId: string
  /** The moment of sending: ISO 8601 with milliseconds, UTC. */
  timestamp: string
}

/**
 * A message of a member of the incident, with a type of its own: a letter, then letters, digits and `_.:-`,
 * at most 64 characters, and no type of the database. The fields of the sent object stand beside those below;
 * the object has at most 16 KB.
 */
export interface MemberMessage {
  type: string
  /** Id of the incident. */
  incidentId: string
  /** Id of the user who sent it. Set by the database. */
  userId: string
  /** The moment of sending: ISO 8601 with milliseconds, UTC. */
  timestamp: string
}

export type ServerMessage = UserMessage | BatchUpdateMessage

/** A message with a place in the user's durable, gapless sequence. */
export type DurableMessage = UserMessage & { seq: number; epoch: string }

/** The kind of job that each message type belongs to. */
export const JOB_MESSAGE_FAMILIES = {
  image_processing_started: 'image',
  image_processing_progress: 'image',
  image_processed: 'image',
  image_processing_failed: 'image',
  pdf_generation_started: 'pdf',
  pdf_generation_progress: 'pdf',
  pdf_generated: 'pdf',
  pdf_generation_failed: 'pdf',
  status_update: 'status',
  transcription_queued: 'transcription',
  transcription_processing: 'transcription',
  transcription_progress: 'transcription',
  transcription_complete: 'transcription',
  transcription_failed: 'transcription',
} as const satisfies Record<JobMessage['type'], string>

export type JobMessageFamily = 'image' | 'pdf' | 'status' | 'transcription'

/** Fields of type string without which a listener cannot work, beside those of every message. */
export const REQUIRED_FIELDS: Readonly<Record<JobMessageFamily, readonly string[]>> = {
  image: ['documentId'],
  pdf: ['reportId'],
  status: ['updateType', 'resource'],
  transcription: ['transcriptionId'],
}

/** The messages about incidents, and their fields of type string without which a listener cannot work. */
export const INCIDENT_MESSAGE_FIELDS: Readonly<Record<IncidentMessage['type'], readonly string[]>> = {
  note_added: ['incidentId', 'timestamp', 'noteId'],
  mentioned: ['incidentId', 'timestamp', 'noteId'],
  member_added: ['incidentId', 'timestamp', 'memberId', 'role'],
  member_removed: ['incidentId', 'timestamp', 'memberId'],
  incident_added: ['incidentId', 'timestamp'],
  assigned: ['incidentId', 'timestamp', 'assigneeId'],
  incident_state: ['incidentId', 'timestamp', 'state'],
}

/** Fields with a signed URL and its end, by kind. */
export const SIGNED_URL_FIELDS: Readonly<
  Partial<Record<JobMessageFamily, readonly [url: string, expiresAt: string]>>
> = { image: ['signedUrl', 'signedUrlExpiresAt'], pdf: ['pdfUrl', 'pdfUrlExpiresAt'] }
