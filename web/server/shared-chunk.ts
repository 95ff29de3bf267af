import { fileURLToPath } from 'node:url'

const FOLDERS = ['../src/client/', '../../functions-shared/'].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)).replaceAll('\\', '/'),
)

/** What people read about jobs. The toasts use it; neither the page's part of the client nor the engine does. */
const WORDS = fileURLToPath(new URL('../../functions-shared/message-words.ts', import.meta.url)).replaceAll(
  '\\',
  '/',
)

/**
 * Modules that both the page and the engine chunk import go into one chunk, which the page loads. So the engine imports
 * no file except that one. When the engine fails to load, it can be loaded again under another URL
 * (`client/lazy-module.ts`); a file that the engine imports could not.
 */
export const SHARED_CHUNK = {
  name: 'shared',
  test(moduleId: string): boolean {
    const path = moduleId.replaceAll('\\', '/')
    return path !== WORDS && FOLDERS.some((folder) => path.startsWith(folder))
  },
  minShareCount: 2,
}
