/** The provider for a configuration. A new provider is a module in this folder and a line here. */

import type { ProviderConfig } from '../config.ts'
import { createOpenAiCompatible } from './openai-compatible.ts'
import type { TranscriptionProvider } from './provider.ts'

export function createProvider(config: ProviderConfig): TranscriptionProvider {
  switch (config.kind) {
    case 'openai-compatible':
      return createOpenAiCompatible(config)
  }
}
