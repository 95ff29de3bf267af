/**
 * Builds the client library in memory: the drop-in as one classic script, and ES modules for bundlers.
 * `scripts/build-client.ts` writes the files.
 */

import { fileURLToPath } from 'node:url'
import type { InlineConfig, PluginOption } from 'vite'
import { buildForProduction } from './production-build.ts'
import { SHARED_CHUNK } from './shared-chunk.ts'

export interface BuiltFile {
  name: string
  code: string
  /** Names of the files that the file imports. */
  imports: string[]
}

const source = (path: string): string => fileURLToPath(new URL(`../src/${path}`, import.meta.url))

const COMMON = { configFile: false, logLevel: 'error' } satisfies InlineConfig
const OUTPUT = { write: false, target: 'es2023' } as const

/** The drop-in in one file, with its socket and styles. */
export async function buildScript(plugins: PluginOption[] = []): Promise<string> {
  const [file] = await filesOf({
    ...COMMON,
    plugins,
    build: {
      ...OUTPUT,
      lib: { entry: source('drop-in/script.ts'), formats: ['iife'], name: 'claimwire' },
      rolldownOptions: { output: { minify: true } },
    },
  })
  if (file === undefined) throw new Error('the script was not built')
  return file.code
}

/** File name -> entry, for pages that import the library. */
const MODULES = {
  client: 'client/index.ts',
  'drop-in': 'drop-in/index.ts',
  react: 'react/index.ts',
  toasts: 'toasts/index.ts',
  status: 'status/index.ts',
  'status-card': 'status-card/index.tsx',
}

/** @param minify for measuring the size; bundlers of applications minify. Default false. */
export async function buildModules(minify = false, plugins: PluginOption[] = []): Promise<BuiltFile[]> {
  return filesOf({
    ...COMMON,
    plugins,
    build: {
      ...OUTPUT,
      lib: {
        entry: Object.fromEntries(Object.entries(MODULES).map(([name, path]) => [name, source(path)])),
        formats: ['es'],
      },
      rolldownOptions: {
        external: [/^@supabase\//, /^react(\/|$)/],
        output: {
          minify,
          chunkFileNames: '[name].js',
          codeSplitting: { groups: [SHARED_CHUNK] },
        },
      },
    },
  })
}

async function filesOf(config: InlineConfig): Promise<BuiltFile[]> {
  const result = await buildForProduction(config)
  const [output] = Array.isArray(result) ? result : [result]
  const files = output !== undefined && 'output' in output ? output.output : []
  return files.flatMap((file) =>
    file.type === 'chunk' ? [{ name: file.fileName, code: file.code, imports: file.imports }] : [],
  )
}
