/** Randomness that can be repeated: every run prints its seed, `CLAIMWIRE_SEED` gives it back. */

/** A uniform draw in [0, 1). */
export type Random = () => number

/** The seed of this run, printed with the name of what uses it. */
export function seededRandom(name: string): Random {
  const given = Number(process.env.CLAIMWIRE_SEED)
  const seed = Number.isSafeInteger(given) && given > 0 ? given : Math.floor(Math.random() * 2 ** 31) + 1
  console.error(`${name}: CLAIMWIRE_SEED=${seed}`)
  return mulberry32(seed)
}

/** An integer from `from` to `to`, both included. */
export function between(random: Random, from: number, to: number): number {
  return from + Math.floor(random() * (to - from + 1))
}

/** Mulberry32: small, fast and good enough to choose moments. */
function mulberry32(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
