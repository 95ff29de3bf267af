/** Checks names of buckets and objects. Names are never used as paths on disk. */

import { StorageError } from './errors.ts'

/** Bytes, as in S3. */
const MAX_KEY_LENGTH = 1024
const MAX_BUCKET_LENGTH = 100

/** The characters that hosted Supabase allows: those that S3 calls safe, and those that S3 treats specially. */
const KEY = /^[\w/!\-.*'() &$@=;:+,?]+$/
const BUCKET = /^[\w!\-.*'() &$@=;:+,?]+$/

/** @throws StorageError `InvalidKey`, also for the parts `.` and `..`, and for empty parts. */
export function validKey(name: string): string {
  const valid =
    name.length > 0 &&
    name.length <= MAX_KEY_LENGTH &&
    KEY.test(name) &&
    name.split('/').every((part) => part !== '' && part !== '.' && part !== '..')
  if (!valid) throw new StorageError('InvalidKey', { message: `Invalid key: ${printable(name)}` })
  return name
}

/** @throws StorageError `InvalidBucketName`. */
export function validBucketName(name: string): string {
  const valid =
    name.length > 0 && name.length <= MAX_BUCKET_LENGTH && BUCKET.test(name) && name.trim() === name
  if (!valid || name === '.' || name === '..') throw new StorageError('InvalidBucketName')
  return name
}

/** Shortened, and without control characters. */
function printable(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters to replace
  return name.slice(0, 200).replace(/[\u0000-\u001f\u007f]/g, '\ufffd')
}
