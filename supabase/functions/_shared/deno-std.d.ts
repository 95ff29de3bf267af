/** Types for the parts of Deno's standard library that are used here. The npm package has no types. */

// crypto/timing_safe_equal.js
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean
// encoding/base64.js
export function decodeBase64(text: string): Uint8Array<ArrayBuffer>
export function encodeBase64(data: Uint8Array | string): string
// encoding/hex.js
export function encodeHex(data: Uint8Array | ArrayBuffer): string
// bytes/concat.js
export function concat(buffers: readonly Uint8Array[]): Uint8Array<ArrayBuffer>
// async/abortable.js
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T>
// assert/
export function assert(condition: unknown, message?: string): asserts condition
export function assertEquals<T>(actual: T, expected: T, message?: string): void
export function assertNotEquals<T>(actual: T, expected: T, message?: string): void
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number): void
export function assertInstanceOf<T>(
  actual: unknown,
  type: abstract new (...args: never[]) => T,
  message?: string,
): asserts actual is T
export function assertThrows(task: () => unknown, message?: string): unknown
