/** Realtime topics. All are private channels; RLS on `realtime.messages` decides who may read and write. */

/** One user's notifications and the presence of their devices. */
export function userTopic(userId: string): string {
  return `user:${userId}`
}

/** One task, for whoever holds its id and may see its job. */
export function queueTopic(queueId: string): string {
  return `queue:${queueId}`
}

/** Members of an incident: presence and typing. */
export function incidentTopic(incidentId: string): string {
  return `incident:${incidentId}`
}
