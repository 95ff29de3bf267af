/**
 * A join: limits, token, policies and replay in the real server's order, then the reply, then replayed messages.
 * Later frames of the same socket wait.
 */

import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { isRecord } from '../../functions-shared/unknown.ts'
import { Channel, type ChannelSocket } from './channel.ts'
import { ChannelPolicies } from './channel-policies.ts'
import type { Connection, RealtimeContext } from './context.ts'
import { JOIN_REFUSAL, tokenRefusal, unauthorizedToRead } from './errors.ts'
import { type JoinConfig, parseJoin } from './join-config.ts'
import { bindingId } from './postgres-changes/binding-id.ts'
import type { Inbound } from './protocol/serializer.ts'
import { CLOSE, TOPIC_PREFIX } from './protocol/wire.ts'
import { parseReplay, type ReplayedMessage, readReplay, replayFrame } from './replay.ts'
import type { Claims } from './tokens.ts'

/** What a join needs of its socket. */
export interface JoiningSocket extends ChannelSocket, Connection {
  /** Token of the connection; channels that bring no token use it. */
  readonly token: string
  /** Request headers that policies may read. */
  readonly headers: Readonly<Record<string, string>>
  readonly open: boolean
  /** Joined channels by full topic. */
  readonly channels: Map<string, Channel>
  close(code: number, reason: string): void
}

type Outcome =
  | { ok: true; channel: Channel; messages: ReplayedMessage[] }
  | { ok: false; reason: string; disconnect?: boolean }

export async function joinChannel(
  context: RealtimeContext,
  socket: JoiningSocket,
  request: Inbound,
): Promise<void> {
  const before = socket.channels.get(request.topic)
  await before?.replaced()
  const outcome = await admit(context, socket, request)
  if (outcome.ok) {
    answer(socket, request, outcome.channel, outcome.messages)
  } else {
    await delay(context.settings.channelErrorDelayMs)
    socket.reply(request, request.joinRef, 'error', { reason: outcome.reason })
    if (outcome.disconnect) socket.close(CLOSE.goingAway, '')
  }
  before?.announceClose()
}

function answer(
  socket: JoiningSocket,
  request: Inbound,
  channel: Channel,
  messages: ReplayedMessage[],
): void {
  const bindings = channel.config.postgresChanges.map((binding) => ({
    id: bindingId(binding),
    ...(isRecord(binding) ? binding : {}),
  }))
  socket.reply(request, channel.joinRef, 'ok', { postgres_changes: bindings })
  for (const message of messages) {
    const frame = replayFrame(socket.version, channel.topic, channel.joinRef, message)
    if (frame) socket.send(frame)
  }
  channel.opened(new Set(messages.map((message) => message.id)))
}

async function admit(context: RealtimeContext, socket: JoiningSocket, request: Inbound): Promise<Outcome> {
  const topic = request.topic.slice(TOPIC_PREFIX.length)
  if (topic === '') return refuse(JOIN_REFUSAL.topicNameRequired)
  const parsed = parseJoin(request.payload, topic)
  if (!parsed.ok) return refuse(parsed.reason)
  if (context.stopping) return refuse(JOIN_REFUSAL.restarting)
  const { config } = parsed
  config.presence.enabled ||= context.settings.presenceEnabled
  const overLimit = limit(context, socket, config)
  if (overLimit) return overLimit

  const token = config.accessToken ?? socket.token
  const check = await context.tokens.verify(token)
  if (!check.ok) return refuse(tokenRefusal(check.failure).join)
  const { claims } = check
  if (!Number.isInteger(claims.exp)) return refuse(JOIN_REFUSAL.unknown)

  let policies: ChannelPolicies | undefined
  if (config.private) {
    policies = new ChannelPolicies(context.authorizer, topic, socket.headers, claims)
    const refusal = await policies.authorizeJoin(config.presence.enabled)
    if (refusal) return refuse(refusal)
    if (config.broadcast.wantsReplay && !policies.readBroadcast)
      return refuse(`Unauthorized: ${unauthorizedToRead(topic)}`)
  }
  if (!socket.open) return refuse(JOIN_REFUSAL.unknown)
  return open(context, socket, request, { topic, config, token, claims, policies })
}

interface Admitted {
  topic: string
  config: JoinConfig
  token: string
  claims: Claims
  policies: ChannelPolicies | undefined
}

/** Subscribes before the replay is read, so that no message falls in between. */
async function open(
  context: RealtimeContext,
  socket: JoiningSocket,
  request: Inbound,
  admitted: Admitted,
): Promise<Outcome> {
  const { config, topic } = admitted
  if (config.broadcast.wantsReplay && !config.private) return refuse(JOIN_REFUSAL.replayPublic)
  const replay = parseReplay(config.broadcast.replay)
  if (replay === 'invalid') return refuse(JOIN_REFUSAL.replayParams)
  const channel = new Channel(context, socket, {
    ...admitted,
    fullTopic: request.topic,
    joinRef: request.joinRef,
    presenceKey: config.presence.key || randomUUID(),
  })
  let messages: ReplayedMessage[] = []
  if (replay !== 'none') {
    try {
      messages = await readReplay(context.database, topic, replay)
    } catch (error) {
      channel.stop()
      context.logger.warn('realtime', 'replay_failed', { error })
      return refuse(JOIN_REFUSAL.replayFailed)
    }
  }
  if (!socket.open || channel.stopped) {
    channel.stop()
    return refuse(JOIN_REFUSAL.unknown)
  }
  socket.channels.set(request.topic, channel)
  context.users.add(socket)
  return { ok: true, channel, messages }
}

function limit(context: RealtimeContext, socket: JoiningSocket, config: JoinConfig): Outcome | undefined {
  const { settings, users, rates } = context
  if (settings.privateOnly && !config.private) return refuse(JOIN_REFUSAL.privateOnly)
  if (!users.has(socket) && users.size >= settings.maxConcurrentUsers)
    return refuse(JOIN_REFUSAL.tooManyUsers)
  if (rates.joins.triggered) return { ok: false, reason: JOIN_REFUSAL.tooManyJoins, disconnect: true }
  rates.joins.add()
  if (socket.channels.size >= settings.maxChannelsPerClient) return refuse(JOIN_REFUSAL.tooManyChannels)
  return undefined
}

function refuse(reason: string): Outcome {
  return { ok: false, reason }
}
