/** Assertions of Deno's standard library, typed; for tests only. */

// @ts-types="../deno-std.d.ts"
export { assertAlmostEquals } from 'deno-std/assert/almost_equals.js'
// @ts-types="../deno-std.d.ts"
export { assert } from 'deno-std/assert/assert.js'
// @ts-types="../deno-std.d.ts"
export { assertEquals } from 'deno-std/assert/equals.js'
// @ts-types="../deno-std.d.ts"
export { assertInstanceOf } from 'deno-std/assert/instance_of.js'
// @ts-types="../deno-std.d.ts"
export { assertNotEquals } from 'deno-std/assert/not_equals.js'
// @ts-types="../deno-std.d.ts"
export { assertThrows } from 'deno-std/assert/throws.js'
