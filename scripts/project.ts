/**
 * The project that a command works on: the embedded stack that runs on a data folder, or any project by its address.
 *
 *   --data-dir <folder>   the embedded stack that `npm start` has brought up there (.stack)
 *   --url <url>           any project, hosted or of `supabase start`; with its keys in the environment
 */

import { join } from 'node:path'
import type { ParseArgsOptionsConfig } from 'node:util'
import { loadOrCreateKeys } from '../stack/keys/index.ts'
import { readRunningFile } from '../stack/running-file.ts'
import { parseAddress, UsageError } from './command-line.ts'
import { ROOT } from './process.ts'

export interface Project {
  kind: 'embedded' | 'given'
  url: string
  publishableKey: string
  /** Undefined where the environment has no secret key. Checks that need the key are skipped. */
  secretKey: string | undefined
  typeformSecret: string | undefined
}

export const PROJECT_OPTIONS = {
  url: { type: 'string' },
  'data-dir': { type: 'string', default: join(ROOT, '.stack') },
} as const satisfies ParseArgsOptionsConfig

export const PROJECT_USAGE = `  --data-dir <folder>        the embedded stack that runs on this folder (.stack)
  --url <url>                any other project; its keys come from the environment:
                             SUPABASE_PUBLISHABLE_KEY, SUPABASE_SECRET_KEY, TYPEFORM_WEBHOOK_SECRET`

/** @throws UsageError where there is no such project, or a key is missing. */
export async function findProject(
  values: { url?: string | undefined; 'data-dir': string },
  env: Readonly<Record<string, string | undefined>> = process.env,
): Promise<Project> {
  if (values.url === undefined) return embedded(values['data-dir'])
  const publishableKey = env.SUPABASE_PUBLISHABLE_KEY
  if (publishableKey === undefined)
    throw new UsageError('--url needs SUPABASE_PUBLISHABLE_KEY in the environment.')
  return {
    kind: 'given',
    url: parseAddress(values.url),
    publishableKey,
    secretKey: env.SUPABASE_SECRET_KEY,
    typeformSecret: env.TYPEFORM_WEBHOOK_SECRET?.split(',')[0],
  }
}

async function embedded(dataDir: string): Promise<Project> {
  const running = await readRunningFile(dataDir)
  if (running === undefined) {
    throw new UsageError(
      `No embedded stack runs on ${dataDir}: start it with \`npm start\`, or name a project with --url.`,
    )
  }
  const { publishableKey, secretKey, typeformSecret } = await loadOrCreateKeys(dataDir)
  return { kind: 'embedded', url: running.url, publishableKey, secretKey, typeformSecret }
}
