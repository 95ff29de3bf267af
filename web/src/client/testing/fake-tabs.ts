/** Tabs of one browser profile in memory: locks that queue, and channels on which messages take a moment. */

import type { AttentionSource } from '../tabs/attention.ts'
import type { OpenTabGroup, TabGroup, TabGroupHandlers } from '../tabs/tab-group.ts'
import type { Attention } from '../tabs/tab-messages.ts'

class Member {
  closed = false
  readonly name: string
  readonly id: string
  readonly tab: FakeTab
  /** Members that watch this member's lock. */
  readonly watchers: Member[] = []
  readonly handlers: TabGroupHandlers
  constructor(name: string, id: string, tab: FakeTab, handlers: TabGroupHandlers) {
    this.name = name
    this.id = id
    this.tab = tab
    this.handlers = handlers
  }
}

/** One tab, which can open groups, crash, be frozen, hidden and focused. */
export class FakeTab {
  crashed = false
  /** Hears no message of the other tabs. */
  deaf = false
  /** Its tasks wait, as in a page that the browser has frozen; locks stay. */
  frozen = false
  readonly waiting: (() => void)[] = []
  readonly open: OpenTabGroup
  #attention: Attention = { visible: true, focusedAt: 0, usedAt: 0 }
  readonly #watchers = new Set<() => void>()

  constructor(open: (tab: FakeTab) => OpenTabGroup) {
    this.open = open(this)
  }

  readonly attention: AttentionSource = {
    current: () => this.#attention,
    watch: (changed) => {
      this.#watchers.add(changed)
      return () => this.#watchers.delete(changed)
    },
  }

  lookAt(attention: Partial<Attention>): void {
    this.#attention = { ...this.#attention, ...attention }
    for (const changed of [...this.#watchers]) changed()
  }

  thaw(): void {
    this.frozen = false
    for (const task of this.waiting.splice(0)) this.run(task)
  }

  run(task: () => void): void {
    if (this.crashed) return
    if (this.frozen) this.waiting.push(task)
    else task()
  }
}

export class FakeTabs {
  readonly #members: Member[] = []
  readonly #leaders = new Map<string, Member>()
  messages = 0

  tab(): FakeTab {
    return new FakeTab((tab) => (name, id, handlers) => this.#open(name, id, tab, handlers))
  }

  /** The process of a tab ends: its locks are released without a message. */
  crash(tab: FakeTab): void {
    tab.crashed = true
    for (const member of this.#members.filter((each) => each.tab === tab)) this.#close(member)
  }

  #open(name: string, id: string, tab: FakeTab, handlers: TabGroupHandlers): TabGroup {
    const member = new Member(name, id, tab, handlers)
    this.#members.push(member)
    if (this.#leaders.has(name))
      this.#later(member, () => this.#leaders.get(name) !== member && handlers.follow())
    else this.#elect(name)
    return {
      post: (message) => {
        if (tab.crashed || member.closed) return
        this.messages += 1
        const copy: unknown = structuredClone(message)
        for (const other of this.#members) {
          if (other !== member && other.name === name && !other.tab.deaf)
            this.#later(other, () => other.handlers.message(copy))
        }
      },
      steal: () => {
        const old = this.#leaders.get(name)
        if (member.closed || old === member) return
        this.#leaders.set(name, member)
        if (old !== undefined) this.#later(old, () => old.handlers.follow())
        this.#later(member, () => member.handlers.lead())
      },
      watch: (other) => {
        const watched = this.#members.find((each) => each.name === name && each.id === other)
        if (watched === undefined) this.#later(member, () => member.handlers.gone(other))
        else watched.watchers.push(member)
      },
      close: () => this.#close(member),
    }
  }

  #close(member: Member): void {
    if (member.closed) return
    member.closed = true
    this.#members.splice(this.#members.indexOf(member), 1)
    for (const watcher of member.watchers) this.#later(watcher, () => watcher.handlers.gone(member.id))
    if (this.#leaders.get(member.name) !== member) return
    this.#leaders.delete(member.name)
    this.#elect(member.name)
  }

  #elect(name: string): void {
    if (this.#leaders.has(name)) return
    const next = this.#members.find((member) => member.name === name)
    if (next === undefined) return
    this.#leaders.set(name, next)
    this.#later(next, () => {
      if (this.#leaders.get(name) === next) next.handlers.lead()
    })
  }

  #later(member: Member, task: () => void): void {
    void Promise.resolve().then(() =>
      member.tab.run(() => {
        if (!member.closed) task()
      }),
    )
  }
}
