/**
 * Builds the npm package of the client library into `dist/client`. The `exports` of the repository's `package.json` name the
 * files:
 *
 *   claimwire.js     the drop-in, one classic script with everything in it
 *   *.js, types/     ES modules and their types: the client, the drop-in, React hooks, toasts, indicator
 *   *.css            styles of toasts, indicator and card; the drop-in contains its styles
 *   package.json, README.md, LICENSE   for `npm pack ./dist/client`
 *
 *   npm run build:client [-- <another folder>]
 */

import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildModules, buildScript } from '../web/server/client-build.ts'
import { clientPackage, PACKAGE_README } from './client-package.ts'
import { run, tool } from './process.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const TARGET = resolve(process.argv[2] ?? join(ROOT, 'dist', 'client'))
const STYLES = ['toasts/toasts.css', 'status/status.css', 'status-card/status-card.css']

await rm(TARGET, { recursive: true, force: true })
await mkdir(TARGET, { recursive: true })

for (const { name, code } of await buildModules()) await writeFile(join(TARGET, name), code)
await writeFile(join(TARGET, 'claimwire.js'), await buildScript())
for (const style of STYLES) await copyFile(join(ROOT, 'web', 'src', style), join(TARGET, basename(style)))

await writeFile(
  join(TARGET, 'package.json'),
  clientPackage(await readFile(join(ROOT, 'package.json'), 'utf8')),
)
await writeFile(join(TARGET, 'README.md'), PACKAGE_README)
await copyFile(join(ROOT, 'LICENSE'), join(TARGET, 'LICENSE'))

const types = await run(tool('tsc'), ['-p', 'web/tsconfig.client.json', '--outDir', join(TARGET, 'types')])
if (types.code === 0) console.log(`The client library is in ${TARGET}`)
else {
  console.error(types.output)
  process.exitCode = 1
}
