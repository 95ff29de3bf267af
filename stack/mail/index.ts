/**
 * The stack's mailbox: takes the mail that the stack sends, and shows it on a page and as JSON, as Mailpit does for
 * `supabase start`. Mail never leaves the machine from here.
 *
 *   Auth ─SMTP─> smtp.ts ─> messages.ts (memory, bounded) ─> routes.ts ─> page and JSON
 */

import { createServer } from 'node:http'
import { judgeHost } from '../../functions-shared/own-host.ts'
import { sendResponse, toRequest } from '../gateway/http.ts'
import { listenFrom } from '../gateway/listen.ts'
import type { Logger, Stoppable } from '../types.ts'
import { createMessageStore } from './messages.ts'
import { createMailboxRoutes } from './routes.ts'
import { SMTP_HOST, startSmtp } from './smtp.ts'

export interface MailboxOptions {
  /** Of the page. A taken port gives a warning and the next free one. 0 picks any. */
  port: number
  /** Names for the Host header beside localhost and the addresses that the server listens on. Default none. */
  allowedHosts?: readonly string[]
  logger: Logger
}

export interface MailboxService extends Stoppable {
  /** Of the page, e.g. `http://127.0.0.1:54324`. */
  readonly url: string
  readonly smtp: { host: string; port: number }
}

const HOST = '127.0.0.1'

export async function createMailbox(options: MailboxOptions): Promise<MailboxService> {
  const { port: preferred, allowedHosts = [], logger } = options
  const store = createMessageStore()
  const stopping = new AbortController()
  const routes = createMailboxRoutes(store, stopping.signal)
  const server = createServer((incoming, outgoing) => {
    outgoing.on('error', (error) => logger.debug('mail', 'page_connection_failed', { error }))
    const [header, ...more] = incoming.headersDistinct.host ?? []
    const verdict = judgeHost(
      more.length === 0 ? header : undefined,
      incoming.socket.localAddress,
      allowedHosts,
    )
    const request = verdict === 'own' ? toRequest(incoming, outgoing) : undefined
    const refusal = new Response('This server has another name', {
      status: verdict === 'foreign' ? 403 : 400,
    })
    Promise.resolve(request === undefined ? refusal : routes.fetch(request))
      .then((response) => sendResponse(response, outgoing, {}))
      .catch((error: unknown) => {
        logger.error('mail', 'page_failed', { error })
        outgoing.destroy()
      })
  })
  const port = await listenFrom(server, HOST, preferred, logger, 'mail')
  const url = `http://${HOST}:${port}`
  const smtp = await startSmtp(store, logger, (id) => `${url}/message/${id}`)
  const stop = async (): Promise<void> => {
    stopping.abort()
    const closed = new Promise<void>((resolve) => server.close(() => resolve()))
    server.closeAllConnections()
    await Promise.all([closed, smtp.stop()])
  }
  let stopped: Promise<void> | undefined
  return {
    url,
    smtp: { host: SMTP_HOST, port: smtp.port },
    stop() {
      stopped ??= stop()
      return stopped
    },
  }
}
