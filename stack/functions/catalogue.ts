/** The functions of a project: folders with an `index.ts`. Folders whose name begins with `_` are no functions. */

import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'

export interface FunctionSource {
  name: string
  /** Folder of the function. */
  dir: string
  /** Its module. */
  entry: string
  /** The nearest deno.json, or none. */
  config: string | undefined
}

const NAME = /^[A-Za-z0-9-][A-Za-z0-9_-]{0,127}$/

/** @returns undefined where there is no such function. Names with characters beyond `NAME` are not looked up. */
export function findFunction(functionsDir: string, name: string): FunctionSource | undefined {
  if (!NAME.test(name)) return undefined
  const dir = join(functionsDir, name)
  const entry = join(dir, 'index.ts')
  if (!existsSync(entry)) return undefined
  const config = [dir, functionsDir]
    .flatMap((folder) => [join(folder, 'deno.json'), join(folder, 'deno.jsonc')])
    .find((file) => existsSync(file))
  return { name, dir, entry, config }
}

/** Changes whenever a source file in one of the folders is added, changed or removed. */
export async function sourceFingerprint(folders: readonly string[]): Promise<string> {
  const parts = await Promise.all(folders.map((folder) => fingerprintOf(folder)))
  return parts.flat().sort().join('\n')
}

async function fingerprintOf(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ignoreMissing)
  const files = entries.filter(
    (entry) => entry.isFile() && !relative(folder, entry.parentPath).includes('node_modules'),
  )
  return Promise.all(
    files.map(async (file) => {
      const path = join(file.parentPath, file.name)
      const found = await stat(path).catch(ignoreMissing)
      return 'mtimeMs' in found ? `${path} ${found.mtimeMs} ${found.size}` : `${path} gone`
    }),
  )
}

/** A file may be removed between the listing and the look at it. */
function ignoreMissing(error: unknown): [] {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return []
  throw error
}
