/**
 * Presences by topic: one entry per channel that tracks, grouped by presence key. The key and the tracked values are
 * what the client declares; nothing ties them to the user of its token. Every change is sent to the topic as one
 * `presence_diff`; an update is a join (naming the reference that it replaces) and a leave in one diff.
 */

import { randomBytes } from 'node:crypto'
import type { ChannelKey, Hub, Subscriber } from './hub.ts'
import { jsonMessage } from './protocol/outgoing.ts'
import { EVENT } from './protocol/wire.ts'

interface Entry {
  key: string
  /** The client's values, `phx_ref`, and `phx_ref_prev` after an update. */
  meta: Record<string, unknown>
  ref: string
}

type Group = Record<string, { metas: Record<string, unknown>[] }>

export class PresenceRegistry {
  readonly #hub: Hub
  readonly #public = new Map<string, Map<Subscriber, Entry>>()
  readonly #private = new Map<string, Map<Subscriber, Entry>>()

  constructor(hub: Hub) {
    this.#hub = hub
  }

  track(channel: ChannelKey, member: Subscriber, key: string, tracked: Record<string, unknown>): void {
    const topics = this.#topics(channel)
    const entries = topics.get(channel.topic) ?? new Map<Subscriber, Entry>()
    topics.set(channel.topic, entries)
    const before = entries.get(member)
    const ref = randomBytes(12).toString('base64url')
    const meta = before
      ? { ...tracked, phx_ref: ref, phx_ref_prev: before.ref }
      : { ...tracked, phx_ref: ref }
    const entry = { key, meta, ref }
    entries.set(member, entry)
    this.#announce(channel, [entry], before ? [before] : [])
  }

  /** Does nothing for a member without an entry. */
  leave(channel: ChannelKey, member: Subscriber): void {
    const topics = this.#topics(channel)
    const entries = topics.get(channel.topic)
    const entry = entries?.get(member)
    if (!entries || !entry) return
    entries.delete(member)
    if (entries.size === 0) topics.delete(channel.topic)
    this.#announce(channel, [], [entry])
  }

  /** @returns every entry of the topic as JSON text: the payload of `presence_state` */
  state(channel: ChannelKey): string {
    return JSON.stringify(grouped(this.#topics(channel).get(channel.topic)?.values() ?? []))
  }

  #announce(channel: ChannelKey, joins: Entry[], leaves: Entry[]): void {
    const payload = JSON.stringify({ joins: grouped(joins), leaves: grouped(leaves) })
    this.#hub.presenceDiff(channel, jsonMessage(channel.topic, EVENT.presenceDiff, payload))
  }

  #topics(channel: ChannelKey): Map<string, Map<Subscriber, Entry>> {
    return channel.private ? this.#private : this.#public
  }
}

function grouped(entries: Iterable<Entry>): Group {
  const groups = new Map<string, { metas: Record<string, unknown>[] }>()
  for (const { key, meta } of entries) {
    const group = groups.get(key)
    if (group) group.metas.push(meta)
    else groups.set(key, { metas: [meta] })
  }
  return Object.fromEntries(groups)
}
