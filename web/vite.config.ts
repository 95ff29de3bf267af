/** The dashboard's build: `vite build web`. Static hosts serve `web/dist` and a `config.json` beside it. */

import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vite'
import { SHARED_CHUNK } from './server/shared-chunk.ts'

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  resolve: {
    alias: {
      // Stand-ins for parts of supabase-js that the dashboard hardly uses, which saves 8 kB.
      '@supabase/functions-js': fileURLToPath(new URL('src/dashboard/slim/functions.ts', import.meta.url)),
      '@supabase/storage-js': fileURLToPath(new URL('src/dashboard/slim/storage.ts', import.meta.url)),
    },
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2023',
    // The Content-Security-Policy does not allow data: URLs, so no asset is inlined as one.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: { output: { codeSplitting: { groups: [SHARED_CHUNK] } } },
    reportCompressedSize: false,
  },
})
