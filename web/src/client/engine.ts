/**
 * Everything that works once a page connects; loaded by `engine-module.ts`. What the page itself holds is the surface:
 * `dashboard-websocket-client.ts` and what that imports.
 */

export { createEngineDependencies } from './engine-dependencies.ts'
export { EngineSession } from './engine-session.ts'
export { PageTopics } from './topics/page-topics.ts'
