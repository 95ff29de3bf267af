/**
 * Entry of the engine chunk, which `engine-module.ts` loads with the first `connect()`. The page's own bundle holds only
 * `dashboard-websocket-client.ts` and its imports.
 */

export { createEngineDependencies } from './engine-dependencies.ts'
export { EngineSession } from './engine-session.ts'
export { PageTopics } from './topics/page-topics.ts'
