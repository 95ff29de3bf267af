/**
 * The cluster's files: `<dataDir>/data`, made by initdb in a folder beside it and renamed when complete, so
 * that an interrupted initdb leaves nothing that looks like a cluster.
 */

import { spawn } from 'node:child_process'
import {
  chown,
  lstat,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { AppError } from '../../functions-shared/app-error.ts'
import { POSTGRES_MAJOR, type PostgresRuntime } from './runtime.ts'
import type { ServerUser } from './unprivileged.ts'

/** Environment of the server's programs: nothing from this process, and messages in English. */
export const SERVER_ENV = { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' }

/**
 * How the server's programs name the cluster. A user we dropped to may not be able to walk the path, because
 * a folder above is closed to them; the link to the working directory, which they start in, needs no walk.
 */
export function pathForServer(pgData: string, user: ServerUser): string {
  return process.platform === 'linux' && user.spawn.uid !== undefined ? '/proc/self/cwd' : pgData
}

/**
 * Makes the cluster unless there is one, and checks that the server can use it.
 * @returns absolute path of the cluster.
 * @throws AppError `data_dir_unusable`.
 */
export async function ensureCluster(
  dataDir: string,
  runtime: PostgresRuntime,
  user: ServerUser,
  options: { password: string; durable: boolean },
): Promise<string> {
  const pgData = path.join(dataDir, 'data')
  const building = path.join(dataDir, 'data.new')
  await rm(building, { recursive: true, force: true })
  if ((await lstat(pgData).catch(() => null)) !== null) {
    await checkVersion(pgData)
    await takeOwnership(pgData, user)
    return pgData
  }
  await mkdir(building, { mode: 0o700 })
  await own(building, user)
  try {
    await runInitdb(building, runtime, user, options)
    await rename(building, pgData)
  } catch (error) {
    await rm(building, { recursive: true, force: true })
    throw error
  }
  return pgData
}

/**
 * Before anything else is done with a cluster: an ordinary user can neither read nor stop another user's.
 * @throws AppError `data_dir_unusable`.
 */
export async function checkOwner(pgData: string): Promise<void> {
  const current = process.getuid?.()
  const present = await lstat(pgData).catch(() => null)
  if (present === null || current === 0 || present.uid === current) return
  throw new AppError('data_dir_unusable', {
    details: {
      dataDir: pgData,
      reason: `It belongs to another user (uid ${present.uid}).`,
      hint: 'Start as the user who made it, or remove the folder.',
    },
  })
}

async function checkVersion(pgData: string): Promise<void> {
  const version = (await readFile(path.join(pgData, 'PG_VERSION'), 'utf8').catch(() => '')).trim()
  if (version === POSTGRES_MAJOR) return
  throw new AppError('data_dir_unusable', {
    details: {
      dataDir: pgData,
      reason: version === '' ? 'It is not a PostgreSQL cluster.' : `It was made by PostgreSQL ${version}.`,
      hint: `This is PostgreSQL ${POSTGRES_MAJOR}. Start with --fresh to begin with an empty database.`,
    },
  })
}

/** A cluster that root owns, such as a copy, is handed to the server's user. */
async function takeOwnership(pgData: string, user: ServerUser): Promise<void> {
  if (user.spawn.uid === undefined || (await lstat(pgData)).uid === user.spawn.uid) return
  await own(pgData, user)
  for (const entry of await readdir(pgData, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) await own(path.join(entry.parentPath, entry.name), user)
  }
}

async function own(file: string, { name, spawn: { uid, gid } }: ServerUser): Promise<void> {
  if (uid === undefined || gid === undefined) return
  try {
    await chown(file, uid, gid)
  } catch (cause) {
    throw new AppError('postgres_start_failed', {
      cause,
      details: {
        reason: `PostgreSQL does not run as root, and ${file} cannot be given to user ${name}.`,
        hint: 'Run this as an ordinary user.',
      },
    })
  }
}

async function runInitdb(
  pgData: string,
  runtime: PostgresRuntime,
  user: ServerUser,
  { password, durable }: { password: string; durable: boolean },
): Promise<void> {
  const passwordFile = await openPasswordFile(password, user)
  try {
    const child = spawn(
      runtime.initdb,
      [
        ...['-D', pathForServer(pgData, user), '-U', 'supabase_admin', '--pwfile=/dev/fd/3'],
        ...['--auth=scram-sha-256', '--encoding=UTF8', '--locale=C', '--no-instructions'],
        ...['--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
        ...(durable ? [] : ['--no-sync']),
      ],
      {
        cwd: pgData,
        env: SERVER_ENV,
        stdio: ['ignore', 'pipe', 'pipe', passwordFile.fd],
        ...user.spawn,
      },
    )
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    const [code, output, problems] = await Promise.all([
      ended,
      outputOf(child.stdout),
      outputOf(child.stderr),
    ])
    if (code !== 0) {
      throw new AppError('postgres_start_failed', {
        details: { reason: `initdb ended with ${code}.`, log: `${output}${problems}`.trim() },
      })
    }
  } finally {
    await passwordFile.close()
  }
}

function outputOf(stream: Readable | null): Promise<string> {
  return stream === null ? Promise.resolve('') : text(stream)
}

/** An open file without a name, readable by the server's user through its descriptor alone. */
async function openPasswordFile(password: string, user: ServerUser) {
  const folder = await mkdtemp(path.join(tmpdir(), 'claimwire-initdb-'))
  try {
    const file = path.join(folder, 'password')
    await writeFile(file, `${password}\n`, { mode: 0o600 })
    await own(file, user)
    return await open(file, 'r')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Needs the server to be stopped. */
export async function setSuperuserPassword(
  pgData: string,
  runtime: PostgresRuntime,
  user: ServerUser,
  password: string,
): Promise<void> {
  const child = spawn(runtime.postgres, ['--single', '-D', pathForServer(pgData, user), 'postgres'], {
    cwd: pgData,
    env: SERVER_ENV,
    stdio: ['pipe', 'ignore', 'pipe'],
    ...user.spawn,
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', resolve)
  })
  // One line is one statement in this mode.
  const literal = `'${password.replaceAll("'", "''")}'`
  child.stdin.end(`set standard_conforming_strings = on; alter role supabase_admin password ${literal};\n`)
  const [code, log] = await Promise.all([ended, text(child.stderr)])
  if (code !== 0 || log.includes('ERROR:')) {
    throw new AppError('data_dir_unusable', {
      details: {
        dataDir: pgData,
        reason: 'It was made with another password, which could not be changed.',
        hint: 'Start with --fresh to begin with an empty database.',
      },
      cause: new Error(log),
    })
  }
}
