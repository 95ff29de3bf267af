/**
 * Set-up of every test file: properties of fast-check draw from `CLAIMWIRE_SEED` where it is set. A failed property
 * prints its seed by itself.
 */

import { givenSeed } from './seeded-random.ts'

const seed = givenSeed()
if (seed !== undefined) {
  const { default: fc } = await import('fast-check')
  fc.configureGlobal({ ...fc.readConfigureGlobal(), seed })
}
