/**
 * Stores each user's cursor, so that a reload continues after the last delivered message.
 *
 * Several tabs write the same key: within an epoch the cursor never goes back. With missing, blocked or full storage the
 * cursor is kept in the page's memory.
 */

import type { KeyValueStorage } from './ports.ts'
import { isPosition, type Position } from './sequencer.ts'

const KEY_PREFIX = 'claimwire:cursor:'

export interface CursorStore {
  read(userId: string): Position | null
  /** Keeps the larger of both within an epoch. */
  advance(userId: string, position: Position): void
  /** Writes also a lower cursor: the table's head shows that the stored one is wrong. */
  reset(userId: string, position: Position): void
  forget(userId: string): void
}

export function createCursorStore(storage: KeyValueStorage | null = pageStorage()): CursorStore {
  const memory = new Map<string, Position>()

  const read = (userId: string): Position | null => {
    try {
      const stored = parsePosition(storage?.getItem(KEY_PREFIX + userId) ?? null)
      return stored ?? memory.get(userId) ?? null
    } catch {
      // Blocked storage throws on every access: use the page's memory.
      return memory.get(userId) ?? null
    }
  }
  const write = (userId: string, position: Position): void => {
    memory.set(userId, position)
    try {
      storage?.setItem(KEY_PREFIX + userId, JSON.stringify({ epoch: position.epoch, seq: position.seq }))
    } catch {
      // Blocked or full: the cursor is in `memory`.
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
    forget(userId) {
      memory.delete(userId)
      try {
        storage?.removeItem?.(KEY_PREFIX + userId)
      } catch {
        // Blocked storage holds no cursor.
      }
    },
  }
}

/** `localStorage`, or null when it is missing or blocked. */
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
