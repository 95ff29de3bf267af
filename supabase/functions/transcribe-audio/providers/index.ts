/** Which provider does the work, by configuration. A new one is a module beside this and a line here. */

import type { ProviderConfig } from '../config.ts'
import { createOpenAiCompatible } from './openai-compatible.ts'
import type { TranscriptionProvider } from './provider.ts'

export function createProvider(config: ProviderConfig): TranscriptionProvider {
  switch (config.kind) {
    case 'openai-compatible':
      return createOpenAiCompatible(config)
  }
}
