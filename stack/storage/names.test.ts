import { describe, expect, it } from 'vitest'
import { StorageError } from './errors.ts'
import { validBucketName, validKey } from './names.ts'

describe('validKey', () => {
  it.each(['a', 'folder/photo 1.jpg', "a/b-c_d!*'()&$@=;:+,?.x", '.hidden/..name', 'x'.repeat(1024)])(
    'accepts %j',
    (name) => expect(validKey(name)).toBe(name),
  )

  it.each([
    '',
    '..',
    '.',
    '../x',
    'a/../b',
    'a/..',
    'a/./b',
    '/a',
    'a/',
    'a//b',
    'a\\b',
    'a\u0000b',
    'a\nb',
    'a\u007f',
    'å',
    'a#b',
    'a%2fb',
    'x'.repeat(1025),
  ])('refuses %j', (name) => {
    expect(() => validKey(name)).toThrow(StorageError)
  })

  it('replaces control characters in its message', () => {
    expect(() => validKey('a\u001b[31m\n')).toThrow('Invalid key: a\ufffd[31m\ufffd')
  })
})

describe('validBucketName', () => {
  it.each(['originals', 'a.b-c', 'x'.repeat(100)])('accepts %j', (name) => {
    expect(validBucketName(name)).toBe(name)
  })
  it.each(['', '.', '..', 'a/b', ' a', 'a\u0000', 'x'.repeat(101)])('refuses %j', (name) => {
    expect(() => validBucketName(name)).toThrow('Bucket name invalid')
  })
})
