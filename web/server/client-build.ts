/**
 * Builds the client library for others: the drop-in as one classic script, and all of it as ES modules for bundlers.
 * Nothing here touches the disk; see `scripts/build-client.ts`.
 */

import { fileURLToPath } from 'node:url'
import { build, type InlineConfig } from 'vite'

export interface BuiltFile {
  name: string
  code: string
  /** Of ES modules: loaded with the page; the others follow. */
  isEntry: boolean
}

const source = (path: string): string => fileURLToPath(new URL(`../src/${path}`, import.meta.url))

const COMMON = { configFile: false, logLevel: 'error' } satisfies InlineConfig
const OUTPUT = { write: false, target: 'es2023' } as const

/** The drop-in with everything in it, its socket and styles included. */
export async function buildScript(): Promise<string> {
  const [file] = await filesOf({
    ...COMMON,
    build: {
      ...OUTPUT,
      lib: { entry: source('drop-in/script.ts'), formats: ['iife'], name: 'claimwire' },
      rolldownOptions: { output: { minify: true } },
    },
  })
  if (file === undefined) throw new Error('the script was not built')
  return file.code
}

/** @param minify for measuring; applications minify for themselves. Default false. */
export async function buildModules(
  entries: Readonly<Record<string, string>>,
  minify = false,
): Promise<BuiltFile[]> {
  return filesOf({
    ...COMMON,
    build: {
      ...OUTPUT,
      lib: {
        entry: Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, source(path)])),
        formats: ['es'],
      },
      rolldownOptions: {
        external: [/^@supabase\//, /^react(\/|$)/],
        // What the parts have in common with the entry stays in it.
        preserveEntrySignatures: 'allow-extension',
        output: { minify, chunkFileNames: '[name].js' },
      },
    },
  })
}

async function filesOf(config: InlineConfig): Promise<BuiltFile[]> {
  const result = await build(config)
  const [output] = Array.isArray(result) ? result : [result]
  const files = output !== undefined && 'output' in output ? output.output : []
  return files.flatMap((file) =>
    file.type === 'chunk' ? [{ name: file.fileName, code: file.code, isEntry: file.isEntry }] : [],
  )
}
