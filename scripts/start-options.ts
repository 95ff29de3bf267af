/** The command line of `npm start`. */

import { join } from 'node:path'
import { parseFlags, parsePort } from './command-line.ts'
import { ROOT } from './process.ts'

export const USAGE = `npm start                    the embedded stack, the dashboard and one sample claim
npm run dev                  the same, with hot reload of the dashboard

Options, after --, as in \`npm start -- --fresh\`:
  --fresh                    empty the data first
  --no-sample                leave the sample claim out
  --check                    the same on free ports with temporary data; the last line is JSON, then exit
  --data-dir <folder>        where data is kept (.stack)
  --api-port <n>             54321; 0 is any free port, and a taken port gives way to the next free one
  --db-port <n>              54322
  --mail-port <n>            54324, of the mailbox's page
  --dashboard-port <n>       5173
  --allow-host <name>        a name for the Host header beside localhost, e.g. of a tunnel; may be given several times
  --verbose                  tell more
  --help                     this page`

export const DEFAULT_DATA_DIR = join(ROOT, '.stack')

export interface StartOptions {
  fresh: boolean
  check: boolean
  dev: boolean
  sample: boolean
  verbose: boolean
  help: boolean
  dataDir: string
  allowedHosts: string[]
  ports: { api: number; db: number; mail: number; dashboard: number }
}

/** @throws UsageError */
export function parseStartOptions(args: readonly string[]): StartOptions {
  const flags = readFlags(args)
  return {
    fresh: flags.fresh,
    check: flags.check,
    dev: flags.dev,
    sample: flags.sample,
    verbose: flags.verbose,
    help: flags.help,
    dataDir: flags['data-dir'],
    allowedHosts: flags['allow-host'],
    ports: {
      api: parsePort(flags['api-port']),
      db: parsePort(flags['db-port']),
      mail: parsePort(flags['mail-port']),
      dashboard: parsePort(flags['dashboard-port']),
    },
  }
}

function readFlags(args: readonly string[]) {
  return parseFlags({
    args: [...args],
    options: {
      fresh: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      dev: { type: 'boolean', default: false },
      sample: { type: 'boolean', default: true },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
      'data-dir': { type: 'string', default: DEFAULT_DATA_DIR },
      'allow-host': { type: 'string', multiple: true, default: [] },
      'api-port': { type: 'string', default: '54321' },
      'db-port': { type: 'string', default: '54322' },
      'mail-port': { type: 'string', default: '54324' },
      'dashboard-port': { type: 'string', default: '5173' },
    },
    allowNegative: true,
  }).values
}
