import { expect, test } from 'vitest'
import { createMemoryLogger } from '../logger.ts'
import { createTestDatabase, withClient } from '../testing/database.ts'
import { SERVICE, StorageDatabase } from './database.ts'

test('a connection that is lost between two statements fails its transaction, not the process', async () => {
  await using database = await createTestDatabase({ migrations: false })
  const storage = new StorageDatabase(database.urls.authenticator, createMemoryLogger())
  const unhandled: unknown[] = []
  const listen = (error: unknown) => unhandled.push(error)
  process.on('uncaughtException', listen)
  try {
    const lost = storage.transaction(SERVICE, { operation: 'test' }, async (transaction) => {
      const [own] = await transaction.query<{ pid: number }>('select pg_backend_pid() as pid')
      await withClient(database.urls.admin, (client) =>
        client.query('select pg_terminate_backend($1, 5000)', [own?.pid]),
      )
      return transaction.query('select 1')
    })
    await expect(lost).rejects.toMatchObject({ code: 'DatabaseUnavailable' })
    await expect(
      storage.transaction(SERVICE, { operation: 'test' }, (transaction) =>
        transaction.query('select 1 as one'),
      ),
    ).resolves.toEqual([{ one: 1 }])
    expect(unhandled).toEqual([])
  } finally {
    process.off('uncaughtException', listen)
    await storage.end()
  }
})
