/**
 * The parts of supabase-js that the client uses beside the socket, built on `fetch`. The page keeps the session; this backend
 * only needs its token and user id.
 */

import { isRecord, textAt } from '../../../functions-shared/unknown.ts'
import type { BackendAnswer, BackendQuery, DataBackend } from '../client/backend.ts'
import type { TokenKeeper } from './token.ts'

export interface LeanBackendOptions {
  /** Without a slash at the end. */
  supabaseUrl: string
  supabaseKey: string
  tokens: TokenKeeper
  /** Calls back when the signed-in user may have changed. @returns a function that stops the calls. */
  watchSession: (changed: () => void) => () => void
}

export function createLeanBackend(options: LeanBackendOptions): DataBackend {
  const { supabaseUrl, supabaseKey, tokens, watchSession } = options

  /** @throws what `fetch` throws, and what {@link TokenKeeper.current} does. */
  async function send(path: string, signal: AbortSignal | null, body?: object): Promise<BackendAnswer> {
    const token = await tokens.current()
    const response = await fetch(supabaseUrl + path, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        apikey: supabaseKey,
        authorization: `Bearer ${token?.text ?? supabaseKey}`,
        'content-type': 'application/json',
      },
      body: body === undefined ? null : JSON.stringify(body),
      signal,
    })
    const { status } = response
    if (status === 401) tokens.forget()
    const text = await response.text()
    const answer: unknown = text === '' ? null : JSON.parse(text)
    if (response.ok) return { data: answer, error: null, status }
    const fields = isRecord(answer) ? answer : {}
    const message = textAt(fields, 'message') ?? `HTTP ${response.status}`
    return { data: null, error: { message, hint: textAt(fields, 'hint') ?? null }, status }
  }

  async function currentSession(): ReturnType<DataBackend['auth']['getSession']> {
    try {
      const token = await tokens.current()
      return { data: { session: token === null ? null : { user: { id: token.userId } } }, error: null }
    } catch {
      // The error with which supabase-js reports a session whose token cannot be renewed now.
      return { data: { session: null }, error: { name: 'AuthRetryableFetchError' } }
    }
  }

  return {
    auth: {
      getSession: currentSession,
      /** A refused token was forgotten: the source gives the next one. */
      refreshSession: currentSession,
      onAuthStateChange(listener) {
        const stop = watchSession(() => {
          tokens.forget()
          void currentSession().then(({ data, error }) => {
            if (error === null) listener(data.session === null ? 'SIGNED_OUT' : 'SIGNED_IN', data.session)
          })
        })
        return { data: { subscription: { unsubscribe: stop } } }
      },
    },
    rpc: (name, args = {}) => ({ abortSignal: (signal) => send(`/rest/v1/rpc/${name}`, signal, args) }),
    from: (table) => ({
      select: (columns) => query(`/rest/v1/${table}`, columns, send),
    }),
    storage: {
      from: (bucket) => ({
        async createSignedUrls(paths, expiresIn) {
          const { data } = await send(`/storage/v1/object/sign/${bucket}`, null, { expiresIn, paths })
          const entries = Array.isArray(data) ? data.filter(isRecord) : []
          return {
            data: entries.map((entry) => {
              const signed = textAt(entry, 'signedURL')
              return {
                path: textAt(entry, 'path') ?? null,
                signedUrl: signed === undefined ? null : `${supabaseUrl}/storage/v1${signed}`,
              }
            }),
          }
        },
      }),
    },
  }
}

type Send = (path: string, signal: AbortSignal) => Promise<BackendAnswer>

function query(path: string, columns: string, send: Send): BackendQuery {
  const params = new URLSearchParams({ select: columns.replaceAll(' ', '') })
  const order: string[] = []
  return {
    filter(column, operator, value) {
      params.append(column, `${operator}.${value}`)
      return this
    },
    order(column) {
      order.push(column)
      params.set('order', order.join())
      return this
    },
    limit(count) {
      params.set('limit', String(count))
      return this
    },
    abortSignal: (signal) => send(`${path}?${params}`, signal),
  }
}
