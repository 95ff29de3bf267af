/** Writes all parts of a new kind of job, or nothing. */

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DURABLE_FIELDS, JOB_FIELDS } from '../../functions-shared/definitions/kind.ts'
import { UsageError } from '../command-line.ts'
import { KINDS_FOLDER, messageFiles } from '../messages/files.ts'
import { findKinds } from '../messages/kinds.ts'
import { migrationFile } from '../migration-file.ts'
import { type KindNames, kindNames } from './names.ts'
import {
  configSection,
  definitionSource,
  docsSection,
  indexSource,
  migrationSource,
  tableRow,
  workSource,
  workTestSource,
} from './templates.ts'

/** A folder with a function of a kind, whose `deno.json` names what `_shared` imports. */
const MODEL_FUNCTION = 'status-update'

/** @returns paths of the files that were written. @throws UsageError for a name that cannot be taken. */
export async function addKind(name: string, root: string, now = new Date()): Promise<string[]> {
  const files = await planKind(name, root, now)
  const undo = writeAll(root, files)
  try {
    const derived = new Map(
      [...(await messageFiles(root))].filter(([path, text]) => read(root, path) !== text),
    )
    writeAll(root, derived)
    return [...files.keys(), ...derived.keys()]
  } catch (error) {
    undo()
    throw error
  }
}

/** Path -> content, of the new files and of those that change; nothing is written. @throws UsageError */
export async function planKind(name: string, root: string, now: Date): Promise<Map<string, string>> {
  const names = kindNames(name)
  const folder = join('supabase', 'functions', name)
  await refuseTaken(names, folder, root)
  const migrations = join('supabase', 'migrations')
  return new Map([
    [join(KINDS_FOLDER, `${name}.ts`), definitionSource(names)],
    [
      join(migrations, migrationFile(`kind_${names.kind}`, readdirSync(join(root, migrations)), now)),
      migrationSource(names),
    ],
    [join(folder, 'deno.json'), readText(root, join('supabase', 'functions', MODEL_FUNCTION, 'deno.json'))],
    [join(folder, 'index.ts'), indexSource(names)],
    [join(folder, 'work.ts'), workSource(names)],
    [join(folder, 'work_test.ts'), workTestSource(names)],
    withConfig(root, names),
    withDocs(root, names),
  ])
}

async function refuseTaken(names: KindNames, folder: string, root: string): Promise<void> {
  const { name, kind, exportName, typeName, subjectField } = names
  const kinds = await findKinds(join(root, KINDS_FOLDER))
  const kindsOfName = kinds.filter(
    (other) => other.file === name || other.exportName === exportName || other.definition.kind === kind,
  )
  if (kindsOfName.length > 0) throw new UsageError(`There is a kind of job "${name}" already.`)
  for (const path of [join(KINDS_FOLDER, `${name}.ts`), folder])
    if (existsSync(join(root, path))) throw new UsageError(`${path} is there already.`)
  if (
    new RegExp(`export (?:interface|type) ${typeName}\\b`).test(
      readText(root, join('functions-shared', 'message-types.ts')),
    )
  )
    throw new UsageError(
      `"${name}" would give its messages the type ${typeName}, which is the name of another one.`,
    )
  const taken = [
    ...Object.keys({ ...JOB_FIELDS, ...DURABLE_FIELDS }),
    ...kinds.flatMap(({ definition }) => Object.keys(definition.subject)),
  ]
  if (taken.includes(subjectField))
    throw new UsageError(
      `"${name}" would give its messages the field ${subjectField}, which means something else in others.`,
    )
}

/** The function's entry after those of the other functions. */
function withConfig(root: string, names: KindNames): [path: string, text: string] {
  const path = join('supabase', 'config.toml')
  const text = readText(root, path)
  const last = [...text.matchAll(/^\[functions\.[\w-]+\]\n(?:[^[\n].*\n)*/gm)].at(-1)
  if (last === undefined) throw new Error(`${path} has no function to stand beside`)
  const end = last.index + last[0].length
  return [path, `${text.slice(0, end)}\n${configSection(names)}${text.slice(end)}`]
}

/** A row in the table of functions, and a section before the settings. */
function withDocs(root: string, names: KindNames): [path: string, text: string] {
  const path = join('docs', 'edge-functions.md')
  const text = readText(root, path)
  const table = /^\| Function \|.*\n(?:\|.*\n)+/m.exec(text)
  const settings = text.indexOf('\n## Settings\n')
  if (table === null || settings < 0)
    throw new Error(`${path} has no table of functions or no section Settings`)
  const end = table.index + table[0].length
  return [
    path,
    `${text.slice(0, end)}${tableRow(names)}\n${text.slice(end, settings)}\n${docsSection(names)}${text.slice(settings)}`,
  ]
}

/** Writes all files or, where one cannot be written, none. @returns a function that restores the earlier files. */
export function writeAll(root: string, files: ReadonlyMap<string, string>): () => void {
  const before = new Map<string, string | null>()
  const folders: string[] = []
  const undo = (): void => {
    for (const [path, text] of before) {
      if (text === null) rmSync(join(root, path), { force: true })
      else writeFileSync(join(root, path), text)
    }
    for (const folder of folders) rmSync(folder, { recursive: true, force: true })
  }
  try {
    for (const [path, text] of files) {
      const made = mkdirSync(dirname(join(root, path)), { recursive: true })
      if (made !== undefined) folders.push(made)
      before.set(path, read(root, path))
      writeFileSync(join(root, path), text)
    }
  } catch (error) {
    undo()
    throw error
  }
  return undo
}

function read(root: string, path: string): string | null {
  return existsSync(join(root, path)) ? readText(root, path) : null
}

function readText(root: string, path: string): string {
  return readFileSync(join(root, path), 'utf8')
}
