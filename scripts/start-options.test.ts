import { expect, test } from 'vitest'
import { UsageError } from './command-line.ts'
import { parseStartOptions, USAGE } from './start-options.ts'

test('without arguments everything has its default', () => {
  expect(parseStartOptions([])).toEqual({
    ...{ fresh: false, check: false, dev: false, sample: true, verbose: false, help: false },
    dataDir: expect.stringMatching(/\.stack$/),
    allowedHosts: [],
    ports: { api: 54_321, db: 54_322, mail: 54_324, dashboard: 5173 },
  })
})

test('every option is understood, and every one that people use is in the help', () => {
  const args = [
    '--fresh',
    '--no-sample',
    '--check',
    '--verbose',
    '--help',
    '--data-dir',
    'x',
    '--allow-host',
    'a.test',
  ]
  const ports = ['--api-port', '0', '--db-port', '65535', '--mail-port', '25', '--dashboard-port', '80']
  expect(parseStartOptions([...args, ...ports, '--allow-host', 'b.test', '--dev'])).toEqual({
    ...{ fresh: true, check: true, dev: true, sample: false, verbose: true, help: true, dataDir: 'x' },
    allowedHosts: ['a.test', 'b.test'],
    ports: { api: 0, db: 65_535, mail: 25, dashboard: 80 },
  })
  for (const name of [...args, ...ports].filter((arg) => arg.startsWith('--'))) expect(USAGE).toContain(name)
})

test.each([
  [['--chek']],
  [['fresh']],
  [['--data-dir']],
  [['--fresh=yes']],
  ...['', '-1', '65536', '1e3', '0x10', ' 80', 'http'].map((text) => [[`--api-port=${text}`]]),
])('%j is refused', (args) => {
  expect(() => parseStartOptions(args)).toThrow(UsageError)
})
