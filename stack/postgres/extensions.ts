/**
 * Extensions that the PostgreSQL binaries from npm lack, written in plain SQL. Their files are placed beside the
 * server's, so that migrations say `create extension if not exists pg_net` as on hosted Supabase.
 */

import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'

export interface ExtensionFile {
  /** e.g. `pg_net.control` or `pg_net--0.20.0.sql` */
  name: string
  content: string
}

const EXTENSIONS_DIR = path.join(import.meta.dirname, 'extensions')
const EXTENSION_FILE = /^[a-z_]+(\.control|--[0-9][0-9.-]*\.sql)$/
/** Files of pgTAP inside its npm package; the upgrade scripts of old versions are left out. */
const PGTAP_FILE = /\/(pgtap\.control|pgtap--[0-9]+\.[0-9]+\.[0-9]+\.sql)$/

/** Every extension file of the stack, and pgTAP for the tests, sorted by name. */
export async function extensionFiles(): Promise<ExtensionFile[]> {
  const own: ExtensionFile[] = []
  for (const entry of await readdir(EXTENSIONS_DIR, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !EXTENSION_FILE.test(entry.name)) continue
    own.push({ name: entry.name, content: await readFile(path.join(entry.parentPath, entry.name), 'utf8') })
  }
  return [...own, ...(await pgTapFiles())].sort((a, b) => (a.name < b.name ? -1 : 1))
}

async function pgTapFiles(): Promise<ExtensionFile[]> {
  const entry = createRequire(import.meta.url).resolve('@electric-sql/pglite-pgtap')
  const archive = await promisify(gunzip)(await readFile(path.join(path.dirname(entry), 'pgtap.tar.gz')))
  const files: ExtensionFile[] = []
  for (const file of readTar(archive)) {
    if (PGTAP_FILE.test(file.path)) {
      files.push({ name: path.basename(file.path), content: file.content.toString('utf8') })
    }
  }
  if (files.length < 2) throw new Error('The package @electric-sql/pglite-pgtap no longer holds pgTAP.')
  return files
}

/** Regular files of a POSIX tar archive (ustar, names up to 255 bytes). */
function* readTar(archive: Buffer): Generator<{ path: string; content: Buffer }> {
  const text = (from: number, length: number) =>
    archive.toString('utf8', from, from + length).replace(/\0.*$/s, '')
  for (let at = 0; at + 512 <= archive.length && archive[at] !== 0; ) {
    const size = Number.parseInt(text(at + 124, 12), 8)
    const kind = text(at + 156, 1)
    const prefix = text(at + 345, 155)
    const name = prefix === '' ? text(at, 100) : `${prefix}/${text(at, 100)}`
    if (kind === '0' || kind === '')
      yield { path: name, content: archive.subarray(at + 512, at + 512 + size) }
    at += 512 + Math.ceil(size / 512) * 512
  }
}
