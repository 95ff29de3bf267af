/**
 * Realtime for pages without supabase-js: the page's private channels on one socket of our own. The transport never
 * reconnects: a channel that is down has ended, and the connection's state machine decides about the next join
 * (docs/adr/0005-drop-in-socket.md).
 */

import { ClientError } from '../../client/client-error.ts'
import type { Transport } from '../../client/ports.ts'
import { unlessAborted } from '../../client/unless-aborted.ts'
import type { TokenKeeper } from '../token.ts'
import { Channel, type NotifyEnd } from './channel.ts'
import { RealtimeSocket, type SocketOptions } from './socket.ts'

export interface RealtimeTransportOptions {
  /** Without a slash at the end. */
  supabaseUrl: string
  supabaseKey: string
  tokens: TokenKeeper
  /** Milliseconds within which a heartbeat has to be answered. Default 10000. */
  heartbeatTimeout?: number
  /** Called with every frame, without tokens. Default: no log. */
  log?: SocketOptions['log']
}

/** Milliseconds for reading the token, which can include its renewal. */
const TOKEN_TIMEOUT = 10_000

/** The server refused the token as expired or invalid: the source is asked for another one. */
const TOKEN_REFUSED = /^InvalidJWTToken\b/

export function createRealtimeTransport(options: RealtimeTransportOptions): Transport {
  const { supabaseUrl, supabaseKey, tokens, heartbeatTimeout = 10_000, log } = options
  /** Channels that have not ended. */
  const channels = new Set<Channel>()
  let socket: RealtimeSocket | null = null

  async function currentToken(): Promise<string> {
    const limit = AbortSignal.timeout(TOKEN_TIMEOUT)
    const token = await unlessAborted(limit, tokens.current()).catch((cause: unknown) => {
      throw new ClientError('connection_lost', { cause })
    })
    if (token === null) throw new ClientError('not_signed_in')
    return token.text
  }

  async function open(channel: Channel): Promise<void> {
    const token = await currentToken().catch((cause: unknown) => {
      end(channel, ({ down }) => down('session', cause))
    })
    if (token === undefined || !channels.has(channel)) return
    if ([...channels].some((other) => other !== channel && other.topic === channel.topic)) {
      end(channel, ({ refused }) => refused('topic_in_use'))
      return
    }
    renew(token)
    join(channel, token)
  }

  function join(channel: Channel, token: string): void {
    try {
      socket ??= connect()
      channel.join(socket, token)
    } catch (cause) {
      end(channel, ({ down }) => down('socket', cause))
    }
  }

  function connect(): RealtimeSocket {
    const address = `${supabaseUrl.replace(/^http/, 'ws')}/realtime/v1`
    return new RealtimeSocket(
      { address, key: supabaseKey, heartbeatTimeout, log },
      {
        message: (message) => each((channel) => channel.receive(message)),
        beat: () => void refresh(),
        alive: (latencyMs) => each(({ handlers }) => handlers.alive(latencyMs)),
        lost: (reason, cause) => abandon(() => (handlers) => handlers.down(reason, cause)),
      },
    )
  }

  /** Calls `act` for each channel. A call may end another channel. */
  function each(act: (channel: Channel) => void): void {
    for (const channel of [...channels]) if (channels.has(channel)) act(channel)
  }

  /** Sends the newest token. The server closes channels whose token has expired. */
  async function refresh(): Promise<void> {
    try {
      renew(await currentToken())
    } catch {
      // Read again with the next heartbeat. Without a token in time the server closes the channels, and the next join
      // reports why there is no token.
    }
  }

  function renew(token: string): void {
    for (const channel of channels) channel.renew(token)
  }

  /** Closes the socket and ends its channels. Channels that still wait for a token get another socket. */
  function abandon(notifyEndOf: (channel: Channel) => NotifyEnd): void {
    socket?.close()
    socket = null
    each((channel) => {
      if (channel.isOnSocket) end(channel, notifyEndOf(channel))
    })
  }

  function end(channel: Channel, notifyEnd: NotifyEnd): void {
    if (!channels.delete(channel)) return
    channel.end()
    notifyEnd(channel.handlers)
  }

  function closeUnless(worthKeeping: boolean): void {
    if (channels.size > 0 || worthKeeping) return
    socket?.close()
    socket = null
  }

  return {
    join(topic, handlers, { presentAs } = {}) {
      const channel = new Channel({
        topic,
        presentAs,
        handlers,
        onEnd(notifyEnd, reason) {
          if (reason !== undefined && TOKEN_REFUSED.test(reason)) tokens.forget()
          end(channel, notifyEnd)
        },
        onTimeout() {
          abandon(
            (other) =>
              ({ down }) =>
                down(other === channel ? 'join-timeout' : 'socket'),
          )
        },
      })
      channels.add(channel)
      void open(channel)
      return {
        leave(next) {
          if (channels.delete(channel)) channel.leave()
          closeUnless(next === 'rejoin' && socket !== null && socket.isOpen)
        },
        ping: () => socket?.ping(),
      }
    },
    rest: () => closeUnless(false),
  }
}
