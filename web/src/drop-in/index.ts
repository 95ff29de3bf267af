/** The drop-in for pages with a bundler. Other pages use the classic script, `script.ts`. */

export { type DropIn, type DropInOptions, startDropIn } from './drop-in.ts'
export { DropInError } from './drop-in-error.ts'
export type { TokenSource } from './token.ts'
export { type StoredSessionOptions, storedSession, tokenFrom } from './token-sources.ts'
