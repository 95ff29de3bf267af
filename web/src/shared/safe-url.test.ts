import { describe, expect, it } from 'vitest'
import { safeUrl } from './safe-url.ts'

describe('safeUrl', () => {
  it.each([
    'https://a.example/x?y=1',
    'http://127.0.0.1/x',
    '#/incidents/1',
    '/x',
    'x.pdf',
    'blob:https://a.example/1',
  ])('lets %s through', (url) => expect(safeUrl(url)).toBe(url))

  it.each([
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    ' \u0000javascript:alert(1)',
    'java\nscript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'file:///etc/passwd',
    'https://[',
  ])('refuses %j', (url) => expect(safeUrl(url)).toBeNull())
})
