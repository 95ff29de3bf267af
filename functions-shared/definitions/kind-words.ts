/** What people read about a kind of job. The shape of the words; the words themselves are in each kind's definition. */

/** Where a job stands, as `jobs.status` says. */
export const JOB_STATES = ['queued', 'processing', 'completed', 'failed'] as const

export type JobState = (typeof JOB_STATES)[number]

export const JOB_TOPICS = ['photo', 'file', 'voice', 'report', 'status'] as const

/** Chooses the icon of an inbox item. `status` is the icon of status updates and of kinds without an icon of their own. */
export type JobTopic = (typeof JOB_TOPICS)[number]

/** A field of the result that is shown when the job is completed, and how the value is written. */
export interface ResultWords {
  field: string
  /** `bytes`: "2.3 MB"; `duration`: seconds as "1:15"; `{ plural: 'word' }`: "140 words"; `text`: as it is. */
  as: 'bytes' | 'duration' | 'text' | { plural: string }
}

export interface JobTitles {
  topic: JobTopic
  /** Title of the toast and of the inbox item, by state. */
  titles: Readonly<Record<JobState, string>>
}

/** Words of one kind, complete: what the pages read. */
export interface KindWords {
  /** Absent where the messages bring their own words, see `own`. */
  default?: JobTitles
  /** Other titles for messages in which a field has a matching value. The first match wins. */
  variants?: readonly (JobTitles & { field: string; matches: RegExp })[]
  /** Fields of the message that are title and detail, for work that another service describes in its own words. */
  own?: { title: readonly string[]; detail: string }
  result?: readonly ResultWords[]
}
