import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Emitter } from '../client/emitter.ts'
import type { ClientEvents, ClientState } from '../client/index.ts'
import { CardStore } from './card-store.ts'

const NOW = 1_000_000

function setUp() {
  const emitter = new Emitter<ClientEvents>((_event, cause) => {
    throw cause
  })
  const state: ClientState = {
    state: 'live',
    isConnected: true,
    isReading: false,
    userId: null,
    lastSeq: 0,
    recovered: true,
    latencyMs: null,
    unreadCount: null,
    unseenCount: null,
    reconnectAttempts: 0,
    retryAt: null,
    reason: null,
  }
  const ping = vi.fn()
  const toggled = vi.fn()
  const card = new CardStore({
    client: { on: (name, listener) => emitter.on(name, listener), getState: () => ({ ...state }), ping },
    clock: () => NOW,
    toggled,
  })
  return { card, emitter, state, ping, toggled }
}

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the card', () => {
  it('opens after a moment of hovering, and closes a moment after the pointer has left', () => {
    const { card, toggled } = setUp()
    card.hover(true)
    vi.advanceTimersByTime(100)
    expect(card.isOpen).toBe(false)
    vi.advanceTimersByTime(100)
    expect(card.isOpen).toBe(true)
    card.hover(false)
    vi.advanceTimersByTime(100)
    // Back in time, from the label to the card.
    card.hover(true)
    vi.advanceTimersByTime(1_000)
    expect(card.isOpen).toBe(true)
    card.hover(false)
    vi.advanceTimersByTime(300)
    expect(card.isOpen).toBe(false)
    expect(toggled).toHaveBeenCalledTimes(2)
  })

  it('stays closed when the pointer only passes', () => {
    const { card } = setUp()
    card.hover(true)
    card.hover(false)
    vi.advanceTimersByTime(1_000)
    expect(card.isOpen).toBe(false)
  })

  it('that the focus has opened closes when the focus leaves', () => {
    const { card } = setUp()
    card.focus()
    expect(card.isOpen).toBe(true)
    card.leave()
    expect(card.isOpen).toBe(false)
  })

  it('that a click has opened stays until another click, independent of pointer and focus', () => {
    const { card } = setUp()
    card.press()
    card.leave()
    card.hover(false)
    vi.advanceTimersByTime(1_000)
    expect(card.isOpen).toBe(true)
    card.press()
    expect(card.isOpen).toBe(false)
  })

  it('stays open when it is clicked while it is shown for hovering', () => {
    const { card } = setUp()
    card.focus()
    card.press()
    card.leave()
    expect(card.isOpen).toBe(true)
  })

  it('measures the round trip when it opens, and follows the client while it is open', () => {
    const { card, state, ping } = setUp()
    card.press()
    expect(ping).toHaveBeenCalledTimes(1)
    state.lastSeq = 7
    vi.advanceTimersByTime(1_000)
    expect(card.content.client.lastSeq).toBe(7)
    card.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('knows when the last message came, also one that came while it was closed', () => {
    const { card, emitter } = setUp()
    const message = {
      type: 'image_processed',
      jobId: 'job',
      incidentId: null,
      documentId: 'document',
      documentType: 'photo',
      status: 'completed',
      timestamp: '',
    } as const
    emitter.emit('message', message, { replayed: false, foremost: true })
    expect(card.content.lastEventAt).toBeNull()
    card.press()
    expect(card.content.lastEventAt).toBe(NOW)
  })
})
