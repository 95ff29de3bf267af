/** The topics of the product: private channels of Supabase Realtime. Policies on `realtime.messages` say who may join. */

export interface TopicDefinition {
  /** As in the name of the channel; `topics.ts` builds it. */
  address: string
  parameter: { name: string; meaning: string }
  about: string
  /** Who may join and hear broadcasts. */
  hears: string
  /** Who sends broadcasts. */
  sends: string
  /** Who may show presence; null where presence is not used. */
  presence: string | null
}

const DATABASE_SENDS = 'The database only. No user may send broadcasts on the channel itself.'

export const TOPICS = {
  user: {
    address: 'user:{userId}',
    parameter: { name: 'userId', meaning: 'Id of the user, `auth.users.id`.' },
    about:
      "Everything that one user is told: the messages of the user's jobs, and what concerns the user's own devices.",
    hears: 'That user, on a device that is registered.',
    sends: DATABASE_SENDS,
    presence: 'That user.',
  },
  queue: {
    address: 'queue:{queueId}',
    parameter: { name: 'queueId', meaning: '`jobs.queue_id`.' },
    about:
      'The messages of the jobs of one queue, without `seq` and `epoch`. `revision` orders the messages of a job.',
    hears: 'Users who have a job in the queue.',
    sends: DATABASE_SENDS,
    presence: null,
  },
  incident: {
    address: 'incident:{incidentId}',
    parameter: {
      name: 'incidentId',
      meaning:
        '`incidents.id`. The name of the channel has `:` and `incidents.access_epoch` behind it; `incident_topics()` tells the whole name.',
    },
    about:
      'What the members of an incident send each other, and notices that something of the incident has changed. All of it is volatile.',
    hears: 'Members of the incident, and staff who see it.',
    sends:
      'The database only. Members send through the functions `send_to_topic` and `send_binary_to_topic`, which check the sender and limit the rate.',
    presence: 'Members of the incident, and staff who see it.',
  },
} as const satisfies Record<string, TopicDefinition>

export type TopicName = keyof typeof TOPICS
