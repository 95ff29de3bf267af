import { describe, expect, test } from 'vitest'
import { platformPackage } from './runtime.ts'

describe('a machine without binaries on npm', () => {
  test.each([
    ['Alpine Linux', { os: 'linux', arch: 'x64', musl: true }, /Debian/],
    ['Windows', { os: 'win32', arch: 'x64', musl: false }, /WSL/],
    ['an unknown processor', { os: 'linux', arch: 'riscv64', musl: false }, /Linux \(x64/],
  ])('%s: is told what to do', (_name, platform, hint) => {
    expect(() => platformPackage(platform)).toThrow(
      expect.objectContaining({
        code: 'platform_unsupported',
        details: expect.objectContaining({ hint: expect.stringMatching(hint) }),
      }),
    )
  })
})
