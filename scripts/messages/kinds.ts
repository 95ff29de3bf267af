/** Finds the definitions of kinds: every file of `functions-shared/kinds/` exports one. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { KindDefinition } from '../../functions-shared/definitions/kind.ts'
import { messageTypes } from '../../functions-shared/definitions/message-fields.ts'

export interface FoundKind {
  /** Name of the file without `.ts`. */
  file: string
  exportName: string
  definition: KindDefinition
}

export const INDEX_FILE = 'index.ts'

/** @throws Error for a file that does not export exactly one definition, and for two files of the same kind or type. */
export async function findKinds(folder: string): Promise<FoundKind[]> {
  const files = readdirSync(folder)
    .filter((name) => name.endsWith('.ts') && name !== INDEX_FILE)
    .sort()
  const kinds = await Promise.all(files.map((name) => readKind(folder, name)))
  for (const [what, values] of [
    ['kind', kinds.map(({ definition }) => definition.kind)],
    ['typeName', kinds.map(({ definition }) => definition.typeName)],
    ['message type', kinds.flatMap(({ definition }) => messageTypes(definition))],
  ] as const) {
    const twice = values.find((value, index) => values.indexOf(value) !== index)
    if (twice !== undefined) throw new Error(`two kinds have the ${what} "${twice}"`)
  }
  return kinds
}

async function readKind(folder: string, name: string): Promise<FoundKind> {
  const exports: Record<string, unknown> = await import(pathToFileURL(join(folder, name)).href)
  const found = Object.entries(exports)
  const [entry] = found
  if (entry === undefined || found.length !== 1 || !isDefinition(entry[1]))
    throw new Error(`functions-shared/kinds/${name} must export one definition, made by defineKind`)
  return { file: name.slice(0, -'.ts'.length), exportName: entry[0], definition: entry[1] }
}

/** `defineKind` has checked the rest when the file was compiled. */
function isDefinition(value: unknown): value is KindDefinition {
  return (
    typeof value === 'object' && value !== null && 'kind' in value && 'types' in value && 'words' in value
  )
}
