/** `npm run example`: serves an example beside a backend that runs already, such as `npm start`'s. */

import { startReactExample } from '../web/examples/react/server.ts'
import { startStaticExample } from '../web/examples/static/server.ts'
import { parseAddress, parseFlags, parsePort, runCommand, UsageError } from './command-line.ts'

const USAGE = `npm run example -- static    a page that its server writes, with the drop-in
npm run example -- react     the hooks, with supabase-js

Options:
  --url <url>                address of the project, as \`npm start\` prints it
  --key <key>                its publishable key
  --port <n>                 5180; 0 is any free port
  --help                     this page`

await runCommand(USAGE, main)

async function main(): Promise<void> {
  const { values, positionals } = parseFlags({
    allowPositionals: true,
    options: {
      url: { type: 'string' },
      key: { type: 'string' },
      port: { type: 'string', default: '5180' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) return console.log(USAGE)
  const start = starterOf(positionals)
  if (values.url === undefined || values.key === undefined) throw new UsageError('It takes --url and --key.')
  const port = parsePort(values.port)
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'disconnect'] as const) process.once(signal, resolve)
  })
  const options = { supabaseUrl: parseAddress(values.url), publishableKey: values.key, port }
  await using server = await start(options).catch((error: unknown) => {
    const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE'
    if (taken) throw new UsageError(`Port ${port} is taken; name another with --port.`, { cause: error })
    throw error
  })
  console.log(`The example is at ${server.url}`)
  await stopped
}

function starterOf(names: string[]): typeof startStaticExample {
  if (names.length === 1 && names[0] === 'static') return startStaticExample
  if (names.length === 1 && names[0] === 'react') return startReactExample
  throw new UsageError('Which example? static or react.')
}
