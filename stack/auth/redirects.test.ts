import { describe, expect, test } from 'vitest'
import { isAllowedRedirect, redirectTarget } from './redirects.ts'

const settings = {
  siteUrl: 'https://app.example.com',
  redirectUrls: [
    'https://*-team.vercel.app/**',
    'https://exact.example.com/done',
    'myapp://callback',
    'https://a.test/{one,two}/?',
    'https://b.test/[!x]',
  ],
}

describe('an address is allowed', () => {
  test.each([
    'https://app.example.com',
    'https://app.example.com/a/b?c=d#/e',
    'https://one-team.vercel.app/a/b',
    'https://exact.example.com/done',
    'https://exact.example.com/done#/incidents/1',
    'myapp://callback',
    'https://a.test/one/1',
    'https://b.test/y',
    'http://127.0.0.1:9999/x',
  ])('%s', (address) => expect(isAllowedRedirect(settings, address)).toBe(true))
})

describe('an address is refused', () => {
  test.each([
    '',
    'nonsense',
    '/relative',
    'http://app.example.com',
    'https://app.example.com:8443/',
    'https://app.example.com.evil.test',
    'https://app.example.com@evil.test/',
    'https://evil.test/?https://app.example.com',
    'https://evil.test/x-team.vercel.app/',
    'https://a.b-team.vercel.app/x',
    'https://exact.example.com/done/more',
    'https://a.test/three/1',
    'https://a.test/one/12',
    'https://b.test/x',
    'https://10.0.0.1/',
    'https://2130706434/',
    'javascript:alert(1)',
    'https://evil.test\\@app.example.com/',
    'https://app.example.com/\r\nx: y',
    `https://app.example.com/${'a'.repeat(3000)}`,
  ])('%s', (address) => expect(isAllowedRedirect(settings, address)).toBe(false))
})

test('without an allowed address the page that asks counts, then the site', () => {
  const ask = (query: string, headers: Record<string, string> = {}): string =>
    redirectTarget(settings, new Request(`http://x/otp${query}`, { headers }))
  expect(ask('?redirect_to=https://app.example.com/a')).toBe('https://app.example.com/a')
  expect(ask('?redirect_to=https://evil.test', { referer: 'https://app.example.com/b' })).toBe(
    'https://app.example.com/b',
  )
  expect(ask('', { referer: 'https://evil.test/' })).toBe('https://app.example.com')
})

test('a site on the loopback address may use any port', () => {
  const local = { siteUrl: 'http://127.0.0.1:5173', redirectUrls: [] }
  expect(isAllowedRedirect(local, 'http://127.0.0.1:1234/x')).toBe(true)
  expect(isAllowedRedirect(local, 'https://127.0.0.1:1234/x')).toBe(true)
  expect(isAllowedRedirect(local, 'http://localhost:5173/x')).toBe(false)
})
