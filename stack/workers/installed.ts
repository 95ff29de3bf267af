/** Extensions can be created at any time, by a migration. */

import type pg from 'pg'

/** @param table of the extension, with its schema */
export async function isInstalled(pool: pg.Pool, table: string): Promise<boolean> {
  const { rows } = await pool.query<{ installed: boolean }>(
    'select to_regclass($1) is not null as installed',
    [table],
  )
  return rows[0]?.installed ?? false
}
