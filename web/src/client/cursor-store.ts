/**
 * Remembers per user up to where notifications have been shown, so that a reload goes on from there.
 *
 * Several tabs write the same key: within an epoch the cursor never goes back. Storage that is missing, blocked
 * or full degrades to the memory of the page.
 */

import type { KeyValueStorage } from './ports.ts'
import { isPosition, type Position } from './sequencer.ts'

const KEY_PREFIX = 'claimwire:cursor:'

export interface CursorStore {
  read(userId: string): Position | null
  /** Keeps the larger of both within an epoch. */
  advance(userId: string, position: Position): void
  /** Writes even a lower position: the table has said that the stored one is wrong. */
  reset(userId: string, position: Position): void
}

export function createCursorStore(storage: KeyValueStorage | null = pageStorage()): CursorStore {
  const memory = new Map<string, Position>()

  const read = (userId: string): Position | null => {
    try {
      const stored = parsePosition(storage?.getItem(KEY_PREFIX + userId) ?? null)
      return stored ?? memory.get(userId) ?? null
    } catch {
      // Blocked storage throws on every access; the page's memory is what remains.
      return memory.get(userId) ?? null
    }
  }
  const write = (userId: string, position: Position): void => {
    memory.set(userId, position)
    try {
      storage?.setItem(KEY_PREFIX + userId, JSON.stringify({ epoch: position.epoch, seq: position.seq }))
    } catch {
      // Blocked or full; `memory` has it.
    }
  }

  return {
    read,
    advance(userId, position) {
      const stored = read(userId)
      if (stored !== null && stored.epoch === position.epoch && stored.seq >= position.seq) return
      write(userId, position)
    },
    reset: write,
  }
}

/** `localStorage`, or null where there is none or where even touching it throws. */
export function pageStorage(): KeyValueStorage | null {
  try {
    return typeof localStorage === 'undefined' ? null : localStorage
  } catch {
    return null
  }
}

function parsePosition(text: string | null): Position | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null')
    return isPosition(value) ? value : null
  } catch {
    return null
  }
}
