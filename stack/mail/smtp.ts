/** The mailbox's SMTP server: takes mail for every address, on the loopback address only, and passes nothing on. */

import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { SMTPServer, type SMTPServerDataStream } from 'smtp-server'
import type { Logger, Stoppable } from '../types.ts'
import type { MessageStore } from './messages.ts'

export const SMTP_HOST = '127.0.0.1'
/** Bytes of one message. */
const MAX_MESSAGE_BYTES = 5 * 1024 * 1024
const MAX_CONNECTIONS = 50
const CLOSE_TIMEOUT_MS = 500

export interface SmtpService extends Stoppable {
  readonly port: number
}

/** Listens on a free port. */
export async function startSmtp(
  store: MessageStore,
  logger: Logger,
  viewUrl: (id: string) => string,
): Promise<SmtpService> {
  const server = new SMTPServer({
    // Neither passwords nor TLS: nothing but this machine reaches the port.
    disabledCommands: ['AUTH', 'STARTTLS'],
    disableReverseLookup: true,
    size: MAX_MESSAGE_BYTES,
    maxClients: MAX_CONNECTIONS,
    closeTimeout: CLOSE_TIMEOUT_MS,
    logger: false,
    onData(stream, session, callback) {
      const recipients = session.envelope.rcptTo.map(({ address }) => address)
      receive(stream)
        .then((raw) => store.add(raw, recipients))
        .then(({ id }) => {
          logger.info('mail', 'mail_received', { to: recipients.join(', '), view: viewUrl(id) })
          callback(null)
        })
        .catch((error: unknown) => {
          logger.warn('mail', 'mail_refused', { to: recipients.join(', '), error })
          callback(error instanceof Error ? error : new Error('the message cannot be read'))
        })
    },
  })
  server.on('error', (error) => logger.debug('mail', 'smtp_connection_failed', { error }))
  const listener = server.listen(0, SMTP_HOST)
  await once(listener, 'listening')
  return {
    port: portOf(listener.address()),
    stop: () => new Promise((resolve) => server.close(resolve)),
  }
}

async function receive(stream: SMTPServerDataStream): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) {
    // The rest of a message that is too large is read, so that the sender gets the answer, and dropped.
    if (!stream.sizeExceeded) chunks.push(chunk)
  }
  if (stream.sizeExceeded) {
    throw Object.assign(new Error('the message is too large'), { responseCode: 552 })
  }
  return Buffer.concat(chunks)
}

function portOf(address: string | AddressInfo | null): number {
  if (address === null || typeof address === 'string') throw new Error('the SMTP server listens on no port')
  return address.port
}
