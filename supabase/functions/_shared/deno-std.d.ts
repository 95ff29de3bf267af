/** Types of the parts of Deno's standard library that are used here; the npm package has none. */

// crypto/timing_safe_equal.js
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean
// encoding/base64.js
export function decodeBase64(text: string): Uint8Array<ArrayBuffer>
export function encodeBase64(data: Uint8Array | string): string
// encoding/hex.js
export function encodeHex(data: Uint8Array | ArrayBuffer): string
// bytes/concat.js
export function concat(buffers: readonly Uint8Array[]): Uint8Array<ArrayBuffer>
// async/retry.js
export class RetryError extends Error {
  constructor(cause: unknown, attempts: number)
}
export interface RetryOptions {
  multiplier?: number
  maxTimeout?: number
  maxAttempts?: number
  minTimeout?: number
  jitter?: number
  isRetriable?: (error: unknown) => boolean
  signal?: AbortSignal
}
export function retry<T>(task: () => Promise<T> | T, options?: RetryOptions): Promise<T>
// async/deadline.js
export function deadline<T>(promise: Promise<T>, ms: number, options?: { signal?: AbortSignal }): Promise<T>
// async/abortable.js
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T>
// assert/
export function assert(condition: unknown, message?: string): asserts condition
export function assertEquals<T>(actual: T, expected: T, message?: string): void
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void
export function assertMatch(actual: string, expected: RegExp, message?: string): void
export function assertStringIncludes(actual: string, expected: string, message?: string): void
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number): void
export function assertInstanceOf<T>(
  actual: unknown,
  type: abstract new (...args: never[]) => T,
  message?: string,
): asserts actual is T
export function assertRejects(task: () => PromiseLike<unknown>, message?: string): Promise<unknown>
export function assertThrows(task: () => unknown, message?: string): unknown
