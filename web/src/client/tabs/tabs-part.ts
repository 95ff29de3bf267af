/** What tabs need that have found each other; see `../part.ts`. */

export { Mirror } from './mirror.ts'
export { parseTabMessage } from './tab-messages.ts'
