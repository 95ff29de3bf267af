/** `single()`, which the library ignores for written rows that are returned with aliases, paths or embeds. */

import { errorResponse } from './errors.ts'

const OBJECT_MEDIA_TYPE = 'application/vnd.pgrst.object+json'

/** Whether the caller expects one row. A function may return a list as its one value. */
export function expectsOneRow(call: { path: string; headers: Readonly<Record<string, string>> }): boolean {
  return call.headers.accept?.includes(OBJECT_MEDIA_TYPE) === true && !call.path.startsWith('/rpc/')
}

/** Whether the answer is a list of no row or of several rows. */
export async function isNotOneObject(response: Response): Promise<boolean> {
  const rows = await rowsOf(response)
  return rows !== undefined && rows.length !== 1
}

/** The answer with its only row instead of the list, or 406. */
export async function asOneObject(response: Response): Promise<Response> {
  const rows = await rowsOf(response)
  if (rows === undefined) return response
  if (rows.length !== 1) {
    return errorResponse(406, {
      code: 'PGRST116',
      message: 'Cannot coerce the result to a single JSON object',
      details: `The result contains ${rows.length} rows`,
    })
  }
  const headers = new Headers(response.headers)
  headers.delete('content-length')
  headers.set('content-type', `${OBJECT_MEDIA_TYPE}; charset=utf-8`)
  return new Response(JSON.stringify(rows[0]), { status: response.status, headers })
}

/** Undefined when the answer is no list. */
async function rowsOf(response: Response): Promise<unknown[] | undefined> {
  if (!response.ok || response.body === null) return undefined
  const text = await response.clone().text()
  if (!text.startsWith('[')) return undefined
  const rows: unknown = JSON.parse(text)
  return Array.isArray(rows) ? rows : undefined
}
