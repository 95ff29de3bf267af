/** Lists the Edge Functions, and gives the arguments with which Deno is called for each. */

import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './process.ts'

export interface FunctionFolder {
  name: string
  /** Path relative to the repository. */
  path: string
  config: string
}

/** Every folder of `supabase/functions` with a `deno.json`: the functions, and `_shared` for its tests. */
export function functionFolders(): FunctionFolder[] {
  const base = join('supabase', 'functions')
  return readdirSync(join(ROOT, base), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(ROOT, base, entry.name, 'deno.json')))
    .map((entry) => ({
      name: entry.name,
      path: join(base, entry.name),
      config: join(base, entry.name, 'deno.json'),
    }))
}

/** Flags that make `npm ci` the only install step: no install of Deno's own, no second lock file. */
export function denoFlags(folder: FunctionFolder): string[] {
  return ['--quiet', '--node-modules-dir=manual', '--no-lock', '--config', folder.config]
}
