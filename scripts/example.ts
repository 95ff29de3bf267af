/**
 * Serves an example beside a backend that runs already, such as `npm start`'s:
 *
 *   npm run example -- static --url http://127.0.0.1:54321 --key sb_publishable_… [--port 5180]
 */

import { parseArgs } from 'node:util'
import { startReactExample } from '../web/examples/react/server.ts'
import { startStaticExample } from '../web/examples/static/server.ts'

const USAGE =
  'usage: npm run example -- static|react --url <project url> --key <publishable key> [--port 5180]'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { url: { type: 'string' }, key: { type: 'string' }, port: { type: 'string', default: '5180' } },
})
const start = { static: startStaticExample, react: startReactExample }[
  positionals[0] === 'react' ? 'react' : 'static'
]
const port = Number(values.port)
if (
  !['static', 'react'].includes(positionals[0] ?? '') ||
  values.url === undefined ||
  values.key === undefined ||
  !Number.isInteger(port)
) {
  console.error(USAGE)
  process.exitCode = 2
} else {
  const server = await start({ supabaseUrl: values.url, publishableKey: values.key, port })
  console.log(`The example is at ${server.url}`)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void server[Symbol.asyncDispose]())
  }
}
