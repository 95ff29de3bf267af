/**
 * The user that the server runs as. PostgreSQL refuses to run as root, so root drops to an existing user:
 * the owner of the data directory, else the owner of the folder around it, else `nobody`.
 */

import { execFile } from 'node:child_process'
import { stat } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import { AppError } from '../../functions-shared/app-error.ts'

const run = promisify(execFile)

export interface ServerUser {
  /** For messages. */
  name: string
  /** Options for `child_process`: empty when the server runs as the current user. */
  spawn: { uid?: number; gid?: number }
}

/**
 * @param pgData absolute path of the cluster; need not exist.
 * @throws AppError `postgres_start_failed` without a usable user.
 */
export async function chooseServerUser(pgData: string): Promise<ServerUser> {
  if (process.getuid?.() !== 0) return { name: 'the current user', spawn: {} }
  const present = await stat(pgData).catch(() => null)
  if (present !== null && present.uid !== 0) {
    return { name: `uid ${present.uid}`, spawn: { uid: present.uid, gid: present.gid } }
  }
  return (await ownerAround(pgData)) ?? (await nobody())
}

/** Owner of the nearest folder that is not root's; initdb needs the system to know the user by name. */
async function ownerAround(pgData: string): Promise<ServerUser | null> {
  for (let folder = path.dirname(pgData); ; folder = path.dirname(folder)) {
    const info = await stat(folder).catch(() => null)
    if (info !== null && info.uid !== 0) {
      const name = await nameOf(info.uid)
      return name === null ? null : { name, spawn: { uid: info.uid, gid: info.gid } }
    }
    if (folder === path.dirname(folder)) return null
  }
}

async function nobody(): Promise<ServerUser> {
  try {
    const [uid, gid] = await Promise.all([idOf('-u', 'nobody'), idOf('-g', 'nobody')])
    return { name: 'nobody', spawn: { uid, gid } }
  } catch (cause) {
    throw new AppError('postgres_start_failed', {
      cause,
      details: {
        reason: 'PostgreSQL does not run as root, and there is no user "nobody" to run it as.',
        hint: 'Run this as an ordinary user.',
      },
    })
  }
}

async function nameOf(uid: number): Promise<string | null> {
  try {
    return (await run('id', ['-un', String(uid)])).stdout.trim()
  } catch {
    return null // a uid of another system, as in a container with a mounted folder
  }
}

async function idOf(flag: '-u' | '-g', user: string): Promise<number> {
  const { stdout } = await run('id', [flag, user])
  const id = Number(stdout.trim())
  if (!Number.isInteger(id) || id === 0) throw new Error(`id ${flag} ${user} printed ${stdout.trim()}`)
  return id
}
