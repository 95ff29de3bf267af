/** Work that takes more memory than a worker may, on a stack whose workers may take little. */

import { randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@supabase/supabase-js'
import { expect, test, vi } from 'vitest'
import type { Database } from '../../functions-shared/database.types.ts'
import { samplePhotoPath } from '../../samples/photos.ts'
import { createStack } from '../../stack/index.ts'
import { createMemoryLogger } from '../../stack/logger.ts'
import { withClient } from '../../stack/testing/database.ts'

/** MiB. Functions take up to 100 at rest, `process-image` 70; with a decoded photo almost 200, in WebAssembly. */
const WORKER_MB = 130

test('a picture that needs more memory than a worker has fails by name, and work of others in the worker ends well', async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'claimwire-memory-'))
  const logger = createMemoryLogger()
  try {
    await using stack = await createStack({
      dataDir,
      ports: { api: 0, db: 0 },
      logger,
      functionsMemoryMb: WORKER_MB,
    })
    const options = { auth: { persistSession: false, autoRefreshToken: false } }
    const upload = async (bytes: Uint8Array<ArrayBuffer>, fileName: string) => {
      const client = createClient<Database>(stack.url, stack.keys.publishableKey, options)
      const { data } = await client.auth.signInAnonymously()
      const userId = data.user?.id ?? ''
      const incident = await withClient(stack.db.postgres, (db) =>
        db.query<{ id: string }>(
          `insert into public.incidents (user_id, title, source) values ($1, 'Abuse', 'test') returning id`,
          [userId],
        ),
      )
      const incidentId = incident.rows[0]?.id ?? ''
      const path = `${incidentId}/${randomUUID()}`
      expect((await client.storage.from('uploads').upload(path, bytes)).error).toBeNull()
      const submission = { p_incident_id: incidentId, p_path: path, p_file_name: fileName }
      expect((await client.rpc('submit_upload', submission)).error).toBeNull()
      return async () => {
        const { data: jobs } = await client.from('jobs').select().eq('kind', 'image')
        return jobs?.[0]
      }
    }
    const large = await upload(readFileSync(samplePhotoPath('front')), 'front.jpg')
    const small = await upload(new TextEncoder().encode('only a text'), 'notes.txt')
    await vi.waitFor(
      async () => {
        expect(await large()).toMatchObject({ status: 'failed', error_code: 'worker_out_of_memory' })
        expect(await small()).toMatchObject({ status: 'completed' })
      },
      { timeout: 60_000, interval: 200 },
    )
    expect(await large()).toMatchObject({ attempts: 1, runs_alone: true })
    const endings = logger.entries.filter(({ message }) => message.startsWith('over the memory limit'))
    expect(endings.map(({ source }) => source)).toEqual(['process-image', 'process-image'])
  } finally {
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }
})
