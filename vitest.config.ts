import { defineConfig } from 'vitest/config'

/** Test files at once. Tests wait for servers and browsers more than they work; Vitest's own number for two cores is one. */
const WORKERS = 3

/**
 * Test kinds by file name:
 *   *.test.ts      pure, no processes               (project unit)
 *   *.db.test.ts   one PostgreSQL cluster per run, a database of its own per file (project database)
 *   e2e/*.test.ts  a whole stack, some with a browser (project e2e)
 *   *_test.ts      run under Deno, not here
 */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: ['{functions-shared,web,stack,scripts,supabase}/**/*.test.ts'],
          exclude: ['**/*.db.test.ts', '**/node_modules/**'],
          maxWorkers: WORKERS,
          setupFiles: ['stack/testing/property-seed.ts'],
        },
      },
      {
        test: {
          name: 'database',
          include: ['{stack,supabase}/**/*.db.test.ts'],
          maxWorkers: WORKERS,
          globalSetup: ['stack/testing/global-setup.ts'],
          setupFiles: ['stack/testing/property-seed.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['e2e/**/*.test.ts'],
          globalSetup: ['e2e/support/global-setup.ts'],
          maxWorkers: WORKERS,
          // Vitest's own is a second: too short for a busy machine, and no test asserts a time by it.
          expect: { poll: { timeout: 15_000 } },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
