/**
 * Sends changes of tables to subscribers. One replication stream serves all of them.
 *
 *   stream -> queue -> batch -> filters, row level security (once per group) -> channels
 *
 * Changes keep their order. While the database is slow to answer, the stream is not read.
 */

import type { Pgoutput } from 'pg-logical-replication'
import type { Logger } from '../../types.ts'
import type { Database } from '../database.ts'
import { ReplicationStream } from '../replication/stream.ts'
import type { Claims } from '../tokens.ts'
import { type Change, changeOf, type Transaction, transactionOf, xidsOf } from './change.ts'
import { converterFor } from './conversion.ts'
import { passing } from './filters.ts'
import { changeData, viewError } from './message.ts'
import {
  type Binding,
  type ChangeListener,
  type Group,
  type OutgoingChange,
  SubscriptionRegistry,
} from './registry.ts'
import { CHANGES_PUBLICATION, deleteAllSubscriptions } from './subscribe.ts'
import { Catalog, type TableInfo } from './table-info.ts'
import { visibleChanges } from './visibility.ts'

export interface ChangeEngineOptions {
  url: string
  database: Database
  logger: Logger
}

const BATCH = 500
/** More waiting changes than this and the stream is paused. */
const MAX_WAITING = 5_000

export class ChangeEngine {
  readonly #options: ChangeEngineOptions
  readonly #registry = new SubscriptionRegistry()
  readonly #catalog: Catalog
  readonly #stream: ReplicationStream
  /** Removal of an earlier server's subscriptions. */
  #cleared: Promise<void> | undefined
  #wasConnected = false
  #transaction: Transaction = { xid: 0, committedAt: '' }
  #waiting: Change[] = []
  #working = false
  #drained: (() => void)[] = []

  constructor(options: ChangeEngineOptions) {
    this.#options = options
    this.#catalog = new Catalog(options.database)
    this.#stream = new ReplicationStream({
      url: options.url,
      publication: CHANGES_PUBLICATION,
      logger: options.logger,
      onMessage: (message) => this.#received(message),
      backPressure: true,
      onConnected: () => {
        if (this.#wasConnected) for (const listener of [...this.#registry.listeners]) listener.streamResumed()
        this.#wasConnected = true
      },
    })
  }

  /**
   * Opens the stream on the first call.
   * @returns whether the stream flows
   * @throws when the database is away
   */
  async flowing(timeoutMs: number): Promise<boolean> {
    this.#cleared ??= deleteAllSubscriptions(this.#options.database)
    try {
      await this.#cleared
    } catch (error) {
      this.#cleared = undefined
      throw error
    }
    this.#stream.start()
    return this.#stream.whenConnected(timeoutMs)
  }

  add(listener: ChangeListener, bindings: Binding[], claims: Claims): void {
    this.#registry.add(listener, bindings, claims)
  }

  remove(listener: ChangeListener): void {
    this.#registry.remove(listener)
  }

  async stop(): Promise<void> {
    this.#waiting = []
    await this.#stream.stop()
  }

  /** @returns a promise that the stream waits for, while too many changes wait here */
  #received(message: Pgoutput.Message): void | Promise<void> {
    if (message.tag === 'begin') this.#transaction = transactionOf(message)
    else if (message.tag === 'relation') this.#catalog.forget(message.relationOid)
    else if (message.tag === 'commit') this.#work()
    else {
      const change = changeOf(message, this.#transaction)
      if (!change || !this.#registry.concerns(change.relation.schema, change.relation.name)) return
      this.#waiting.push(change)
      if (this.#waiting.length >= BATCH) this.#work()
      if (this.#waiting.length >= MAX_WAITING) {
        return new Promise((resolve) => this.#drained.push(resolve))
      }
    }
  }

  async #work(): Promise<void> {
    if (this.#working) return
    this.#working = true
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, BATCH)
      try {
        await this.#handle(batch)
      } catch (error) {
        this.#options.logger.error('realtime', 'changes_not_sent', { count: batch.length, error })
      }
      if (this.#waiting.length < MAX_WAITING / 2) {
        for (const resume of this.#drained) resume()
        this.#drained = []
      }
    }
    this.#working = false
  }

  async #handle(batch: Change[]): Promise<void> {
    const byTable = new Map<number, Change[]>()
    for (const change of batch) {
      const changes = byTable.get(change.relation.relationOid)
      if (changes) changes.push(change)
      else byTable.set(change.relation.relationOid, [change])
    }
    const deliveries = new Map<Change, Delivery[]>()
    await Promise.all([...byTable.values()].map((changes) => this.#decide(changes, deliveries)))
    for (const change of batch)
      for (const { listener, outgoing, ids } of deliveries.get(change) ?? []) {
        listener.postgresChange(outgoing, ids)
      }
  }

  /** Decides which listeners get which changes of one table. */
  async #decide(changes: Change[], deliveries: Map<Change, Delivery[]>): Promise<void> {
    const [first] = changes
    if (!first) return
    const groups = this.#registry.groupsFor(first.relation.schema, first.relation.name)
    if (groups.length === 0) return
    const table = await this.#catalog.table(first.relation, xidsOf(changes))
    const roles = new Set(groups.map((group) => group.claims.role))
    const readable = new Map(
      await Promise.all(
        [...roles].map(async (role) => [role, await this.#catalog.readable(table, role)] as const),
      ),
    )
    const passed = await this.#filter(table, groups, changes)
    const visible = await this.#visible(table, groups, changes, passed)
    const toJson = await converterFor(this.#options.database, table, changes)
    for (const [index, change] of changes.entries()) {
      const views = new Map<string, { outgoing: OutgoingChange; ids: Map<ChangeListener, number[]> }>()
      for (const group of groups) {
        const { action, select } = group.params
        if (action !== '*' && action !== change.action) continue
        const view = { readable: readable.get(group.claims.role) ?? new Set<string>(), select }
        const isError = viewError(change, table, view) !== undefined
        if (!isError && !passed.get(group.filterKey)?.[index]) continue
        if (!isError && visible && change.action !== 'DELETE' && !visible.get(group.claimsKey)?.has(change))
          continue
        const viewKey = `${group.claims.role}\n${group.selectKey}`
        const known = views.get(viewKey) ?? {
          outgoing: { type: change.action, data: changeData(change, table, view, toJson), frames: new Map() },
          ids: new Map<ChangeListener, number[]>(),
        }
        views.set(viewKey, known)
        for (const [listener, ids] of group.members) {
          const before = known.ids.get(listener)
          known.ids.set(listener, before ? [...before, ...ids] : ids)
        }
      }
      deliveries.set(
        change,
        [...views.values()].flatMap(({ outgoing, ids }) =>
          [...ids].map(([listener, matched]) => ({ listener, outgoing, ids: matched })),
        ),
      )
    }
  }

  /** By filter: which changes pass. A filter that fails passes nothing. */
  async #filter(table: TableInfo, groups: Group[], changes: Change[]): Promise<Map<string, boolean[]>> {
    const filters = new Map(groups.map((group) => [group.filterKey, group.params.filters]))
    const entries = await Promise.all(
      [...filters].map(async ([key, set]) => {
        try {
          return [key, await passing(this.#options.database, table, set, changes)] as const
        } catch (error) {
          this.#options.logger.warn('realtime', 'filter_failed', {
            table: `${table.schema}.${table.name}`,
            error,
          })
          return [key, changes.map(() => false)] as const
        }
      }),
    )
    return new Map(entries)
  }

  /** By claims: which changes are visible. Undefined for a table without row level security. */
  async #visible(
    table: TableInfo,
    groups: Group[],
    changes: Change[],
    passed: Map<string, boolean[]>,
  ): Promise<Map<string, Set<Change>> | undefined> {
    if (!table.rowSecurity) return undefined
    const subscribers = new Map<string, Claims>()
    for (const group of groups) {
      if (passed.get(group.filterKey)?.some(Boolean)) subscribers.set(group.claimsKey, group.claims)
    }
    return visibleChanges(this.#options.database, table, changes, subscribers, (failure) => {
      this.#options.logger.warn('realtime', 'policy_failed', {
        table: `${table.schema}.${table.name}`,
        failure,
      })
    })
  }
}

interface Delivery {
  listener: ChangeListener
  outgoing: OutgoingChange
  ids: number[]
}
