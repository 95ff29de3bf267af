import { expect, test } from 'vitest'
import { judgeHost } from './own-host.ts'

test.each([
  ['127.0.0.1'],
  ['127.0.0.1:54321'],
  ['localhost:5173'],
  ['LOCALHOST'],
  ['localhost.'],
  ['[::1]:54321'],
  ['Claims.test:80'],
  ['192.168.7.2:54321'],
])('%s is a name of a server that listens on 192.168.7.2 and is called claims.test', (header) => {
  expect(judgeHost(header, '::ffff:192.168.7.2', ['claims.test'])).toBe('own')
})

test('the IPv6 address at which a connection arrived is a name of the server', () => {
  expect(judgeHost('[fe80::1]:1', 'fe80::1')).toBe('own')
})

test.each([
  ['evil.example'],
  ['evil.example:54321'],
  ['127.0.0.1.evil.example'],
  ['localhost.evil.example'],
  ['10.0.0.1'],
  ['2130706433'],
  ['[::2]'],
])('%s is foreign', (header) => {
  expect(judgeHost(header, '127.0.0.1')).toBe('foreign')
})

test.each([
  [undefined],
  [''],
  [' '],
  ['['],
  ['[::1'],
  ['user:password@127.0.0.1'],
  ['127.0.0.1:99999'],
  ['127.0.0.1:'],
  ['127.0.0.1:8x'],
  ['127.0.0.1, localhost'],
  ['localhost/path'],
  ['localhost\\'],
  ['localhost#x'],
  ['\u0000'],
])('%j is malformed', (header) => {
  expect(judgeHost(header, '127.0.0.1')).toBe('malformed')
})
