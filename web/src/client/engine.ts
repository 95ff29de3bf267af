/**
 * Everything that works once a page connects; loaded by `engine-part.ts`. What the page itself holds is the surface:
 * `dashboard-websocket-client.ts` and what that imports.
 */

export { Session } from './session.ts'
export { createSessionParts } from './session-parts.ts'
export { PageTopics } from './topics/page-topics.ts'
