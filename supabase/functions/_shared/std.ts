/** The parts of Deno's standard library that the functions use. The npm package has no types, so they are given here. */

// @ts-types="./deno-std.d.ts"
export { abortable } from 'deno-std/async/abortable.js'
// @ts-types="./deno-std.d.ts"
export { concat } from 'deno-std/bytes/concat.js'
// @ts-types="./deno-std.d.ts"
export { timingSafeEqual } from 'deno-std/crypto/timing_safe_equal.js'
// @ts-types="./deno-std.d.ts"
export { decodeBase64, encodeBase64 } from 'deno-std/encoding/base64.js'
// @ts-types="./deno-std.d.ts"
export { encodeHex } from 'deno-std/encoding/hex.js'
