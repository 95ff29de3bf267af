/**
 * Builds without kinds of jobs: the budgets of size count the code, and not how many kinds of jobs a project has. The
 * modules that are written from the definitions are replaced by what they would be without any kind.
 */

import { basename } from 'node:path'
import type { Plugin } from 'vite'
import { stateSource, typeSource } from './messages/type-source.ts'
import { wordSource } from './messages/word-source.ts'

const SOURCES: Readonly<Record<string, () => string>> = {
  'message-types.ts': () => typeSource([]),
  'message-states.ts': () => stateSource([]),
  'message-words.ts': () => wordSource([]),
}

export function withoutKinds(): Plugin {
  return {
    name: 'without-kinds',
    enforce: 'pre',
    load(id) {
      return /[\\/]functions-shared[\\/][\w-]+\.ts$/.test(id) ? (SOURCES[basename(id)]?.() ?? null) : null
    },
  }
}
