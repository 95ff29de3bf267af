/** The npm package of the client library: `package.json` and `README.md` beside the built files. */

import { object, parse, record, string, union } from 'valibot'

const ROOT_PACKAGE = object({
  name: string(),
  version: string(),
  license: string(),
  exports: record(string(), union([string(), record(string(), string())])),
})

/** Where the repository's own `package.json` points its exports to. */
const BUILT = './dist/client/'

/**
 * `package.json` of the package, as text. Name, version, licence and exports are those of the repository's `package.json`.
 *
 * @param text the repository's `package.json`.
 */
export function clientPackage(text: string): string {
  const { name, version, license, exports } = parse(ROOT_PACKAGE, JSON.parse(text))
  const within = (path: string): string => path.replace(BUILT, './')
  const manifest = {
    name,
    version,
    description: 'Live updates from Supabase for web pages: each message once, in order, none lost.',
    license,
    type: 'module',
    sideEffects: ['*.css', './claimwire.js'],
    exports: Object.fromEntries(
      Object.entries(exports).map(([path, target]) => [
        path,
        typeof target === 'string'
          ? within(target)
          : Object.fromEntries(Object.entries(target).map(([condition, file]) => [condition, within(file)])),
      ]),
    ),
    peerDependencies: { '@supabase/supabase-js': '>=2.110.0', react: '>=19' },
    peerDependenciesMeta: { react: { optional: true } },
  }
  return `${JSON.stringify(manifest, null, 2)}\n`
}

/** README.md of the package. */
export const PACKAGE_README = `# claimwire

Live updates from a Supabase project that runs Claimwire's database: each durable message reaches the page exactly once and in
order, across reconnects, reloads and tabs.

\`\`\`sh
npm install claimwire @supabase/supabase-js
\`\`\`

\`\`\`ts
import { createClient } from '@supabase/supabase-js'
import { DashboardWebSocketClient, limitAuthRequests } from 'claimwire'

const supabase = createClient(url, publishableKey, { global: { fetch: limitAuthRequests() } })
const client = new DashboardWebSocketClient({ supabase })

client.on('image_processed', (message) => showPhoto(message.documentId, message.signedUrl))
client.on('state', ({ new: state }) => console.log(state))
client.on('reload', () => loadEverything())

await client.connect(userId) // the id of the signed-in user
\`\`\`

| import | |
| --- | --- |
| \`claimwire\` | the client |
| \`claimwire/react\` | React hooks: \`LiveProvider\`, \`useConnection\`, \`useNotifications\`, \`useJob\` (React 19) |
| \`claimwire/toasts\`, \`claimwire/toasts.css\` | toasts |
| \`claimwire/status\`, \`claimwire/status.css\` | connection indicator, badge of the tab |
| \`claimwire/status-card\`, \`claimwire/status-card.css\` | card with the connection's details |
| \`claimwire/drop-in\` | client, toasts and indicator in one call, without supabase-js |
| \`claimwire/claimwire.js\` | the same as a classic script, configured by data attributes of \`<body>\` |

The client's states are \`idle\`, \`connecting\`, \`catching-up\`, \`live\`, \`stale\`, \`offline\`, \`error\` and \`closed\`. It is \`live\`
only while the table's newest message has been delivered.
`
