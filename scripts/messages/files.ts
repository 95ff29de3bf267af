/** The files that are written from the definitions of messages. */

import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, tool } from '../process.ts'
import { asyncApi } from './asyncapi.ts'
import { type FoundKind, findKinds, INDEX_FILE } from './kinds.ts'
import { markdown } from './markdown.ts'
import { GENERATED, stateSource, typeSource } from './type-source.ts'
import { wordSource } from './word-source.ts'

export const KINDS_FOLDER = join('functions-shared', 'kinds')

/** @returns paths of the files that were changed. */
export async function writeMessageFiles(root = ROOT): Promise<string[]> {
  const files = await messageFiles(root)
  const changed = [...files].filter(([path, text]) => textAt(root, path) !== text)
  for (const [path, text] of changed) writeFileSync(join(root, path), text)
  return changed.map(([path]) => path)
}

/** @returns paths of the files that are not what the definitions give. */
export async function checkMessageFiles(root = ROOT): Promise<string[]> {
  const files = await messageFiles(root)
  return [...files].filter(([path, text]) => textAt(root, path) !== text).map(([path]) => path)
}

/** Path in the repository -> generated content. */
export async function messageFiles(root = ROOT): Promise<Map<string, string>> {
  const found = await findKinds(join(root, KINDS_FOLDER))
  const kinds = found.map(({ definition }) => definition)
  return new Map([
    formatted(join(KINDS_FOLDER, INDEX_FILE), indexSource(found)),
    formatted(join('functions-shared', 'message-types.ts'), typeSource(kinds)),
    formatted(join('functions-shared', 'message-states.ts'), stateSource(kinds)),
    formatted(join('functions-shared', 'message-words.ts'), wordSource(kinds)),
    [join('docs', 'messages.md'), markdown(kinds)],
    formatted(join('docs', 'asyncapi.yaml'), asyncApi(kinds)),
  ])
}

function indexSource(kinds: readonly FoundKind[]): string {
  return `${GENERATED}

${kinds.map(({ file, exportName }) => `import { ${exportName} } from './${file}.ts'`).join('\n')}

/** Every kind of job. */
export const KINDS = [${kinds.map(({ exportName }) => exportName).join(', ')}] as const
`
}

function textAt(root: string, path: string): string | null {
  const file = join(root, path)
  return existsSync(file) ? readFileSync(file, 'utf8') : null
}

function formatted(path: string, source: string): [path: string, text: string] {
  const result = spawnSync(tool('biome'), ['format', '--colors=off', `--stdin-file-path=${path}`], {
    cwd: ROOT,
    input: source,
    encoding: 'utf8',
  })
  if (result.status !== 0) throw new Error(`${path} cannot be formatted:\n${result.stderr}`)
  return [path, result.stdout]
}
