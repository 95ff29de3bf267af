/**
 * Random draws that can be repeated. A test prints its seed; the environment variable `CLAIMWIRE_SEED` gives the same
 * draws again.
 */

/** A uniform draw in [0, 1). */
export type Random = () => number

/** Draws from a new seed, or from `CLAIMWIRE_SEED`. Prints the seed with the name of the test or benchmark. */
export function seededRandom(name: string): Random {
  return randomFrom(printedSeed(name))
}

/** A new seed, or `CLAIMWIRE_SEED`. Prints the seed with the name of the test or benchmark. */
export function printedSeed(name: string): number {
  const seed = givenSeed() ?? Math.floor(Math.random() * 2 ** 31) + 1
  console.error(`${name}: CLAIMWIRE_SEED=${seed}`)
  return seed
}

/** `CLAIMWIRE_SEED`, where it is a positive integer. */
export function givenSeed(): number | undefined {
  const given = Number(process.env.CLAIMWIRE_SEED)
  return Number.isSafeInteger(given) && given > 0 ? given : undefined
}

/** Draws from a fixed seed (Mulberry32: small, fast, good enough to choose moments and test data). */
export function randomFrom(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** An integer from `from` to `to`, both included. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}
