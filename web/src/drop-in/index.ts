/** The drop-in for pages that are built with a bundler; `script.ts` is the one for all others. */

export { type DropIn, type DropInOptions, startDropIn } from './drop-in.ts'
export { DropInError } from './drop-in-error.ts'
export type { TokenSource } from './token.ts'
export { type StoredSessionOptions, storedSession, tokenFrom } from './token-sources.ts'
