import { expect, test } from 'vitest'
import { decodeUploadId, encodeUploadId } from './upload-id.ts'

const VERSION = '00000000-0000-4000-8000-000000000001'
const encoded = (text: string): string => Buffer.from(text).toString('base64url')

test('an id names bucket, name and version; the name may have slashes', () => {
  const id = { bucket: 'uploads', name: 'a/b c/d.jpg', version: VERSION }
  expect(decodeUploadId(encodeUploadId(id))).toEqual(id)
})

test.each([
  ['nothing', ''],
  ['a UUID', VERSION],
  ['a path', encodeURIComponent('../../etc/passwd')],
  ['no version', encoded('bucket/name')],
  ['a version that is a path', encoded('bucket/name/../../etc/passwd')],
  ['no name', encoded(`bucket/${VERSION}`)],
  ['NUL in a name', encoded(`bucket/a\0b/${VERSION}`)],
  ['another spelling of an id', `${encoded(`bucket/name/${VERSION}`)}=`],
  ['an id with characters that the encoding skips', `${encoded(`bucket/name/${VERSION}`)}!`],
])('%s is no id', (_what, id) => {
  expect(decodeUploadId(id)).toBeUndefined()
})
