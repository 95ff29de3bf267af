/** Runs the Supabase CLI against a database of the embedded cluster: without telemetry, update checks, keyring or home folder. */

import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface SupabaseCliOptions {
  /** Folder that contains `supabase/`. */
  projectDir: string
  /**
   * Databases to work on: one, or two of the same cluster that are compared. The password goes through the environment,
   * where the list of processes does not show it.
   */
  databases: { remote: string } | { from: string; to: string }
}

export interface SupabaseCliResult {
  /** 0 for success. */
  code: number
  stdout: string
  stderr: string
}

/** @param args command and flags; the flags of the databases and those that belong to every call are added. */
export async function runSupabase(
  args: readonly string[],
  { projectDir, databases }: SupabaseCliOptions,
): Promise<SupabaseCliResult> {
  const manifest = createRequire(import.meta.url).resolve('supabase/package.json')
  const program = path.join(path.dirname(manifest), 'dist/supabase.js')
  let password = ''
  const flags = Object.entries(databases).map(([flag, address]) => {
    const url = new URL(address)
    password = decodeURIComponent(url.password)
    url.password = ''
    return `--${flag}=${url.href}`
  })
  const home = await mkdtemp(path.join(tmpdir(), 'claimwire-supabase-'))
  try {
    return await capture(
      process.execPath,
      [program, ...args, ...flags, '--workdir', projectDir, '--agent', 'no'],
      {
        PATH: process.env.PATH ?? '',
        HOME: home,
        SUPABASE_HOME: home,
        SUPABASE_TELEMETRY_DISABLED: '1',
        SUPABASE_NO_UPDATE_NOTIFIER: '1',
        SUPABASE_NO_KEYRING: '1',
        DO_NOT_TRACK: '1',
        PGPASSWORD: password,
        // The server is on this machine and speaks no TLS.
        PGSSLMODE: 'disable',
      },
    )
  } finally {
    await rm(home, { recursive: true, force: true })
  }
}

function capture(
  program: string,
  args: readonly string[],
  env: Record<string, string>,
): Promise<SupabaseCliResult> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { env, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve({ code: 0, stdout, stderr })
      else if (typeof error.code === 'number') resolve({ code: error.code, stdout, stderr })
      else reject(error)
    })
  })
}
