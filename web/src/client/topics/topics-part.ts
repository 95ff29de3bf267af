/** What a page needs that follows queues or incidents, or sends messages; see `../part.ts`. */

export { PageTopics } from './page-topics.ts'
export { createSupabaseSender } from './sender.ts'
export { createSupabaseQueueSource } from './supabase-queue.ts'
export { TopicHost } from './topic-host.ts'
