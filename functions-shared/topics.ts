/** Realtime topics, all private channels. Policies on `realtime.messages` decide who may join; see `docs/messages.md`. */

/** Messages for one user, and the presence of the user. */
export function userTopic(userId: string): string {
  return `user:${userId}`
}

/** Messages of the jobs of one queue, for users who may see one of these jobs. */
export function queueTopic(queueId: string): string {
  return `queue:${queueId}`
}

/**
 * Presence and messages of the members of an incident: what pages follow and send to. Realtime's channel has a number more,
 * which `incident_topics()` tells: see `supabase/schemas/incident_topics.sql`.
 */
export function incidentTopic(incidentId: string): string {
  return `incident:${incidentId}`
}
