/** Bundles the client library as an application's bundler would: minified, supabase-js left out. */

import { fileURLToPath } from 'node:url'
import { build } from 'vite'

export interface Chunk {
  name: string
  code: string
  /** Loaded with the page; the others follow. */
  isEntry: boolean
}

const ENTRY = fileURLToPath(new URL('../web/src/client/index.ts', import.meta.url))

export async function bundleClient(): Promise<Chunk[]> {
  const result = await build({
    configFile: false,
    logLevel: 'error',
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: { client: ENTRY }, formats: ['es'] },
      rolldownOptions: {
        external: [/^@supabase\//],
        // What the parts have in common with the entry stays in it.
        preserveEntrySignatures: 'allow-extension',
        output: { minify: true, chunkFileNames: '[name].js' },
      },
    },
  })
  const [output] = Array.isArray(result) ? result : [result]
  const files = output !== undefined && 'output' in output ? output.output : []
  return files.flatMap((file) =>
    file.type === 'chunk' ? [{ name: file.fileName, code: file.code, isEntry: file.isEntry }] : [],
  )
}
