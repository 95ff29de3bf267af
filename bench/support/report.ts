/** What a benchmark found: a table for people, or one JSON line for machines. */

export interface Measurement {
  what: string
  unit: 'ms' | '/s' | 'MB' | 'messages' | 'blocks'
  p50?: number
  p95?: number
  p99?: number
  value?: number
  /** The value that a reader compares the figure with, such as a target. */
  beside?: string
}

/** @param samples milliseconds */
export function latency(what: string, samples: readonly number[], beside?: string): Measurement {
  const sorted = samples.toSorted((a, b) => a - b)
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN
  return {
    what,
    unit: 'ms',
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    ...(beside === undefined ? {} : { beside }),
  }
}

export function value(what: string, unit: Measurement['unit'], amount: number, beside?: string): Measurement {
  return { what, unit, value: amount, ...(beside === undefined ? {} : { beside }) }
}

const WHAT_WIDTH = 66
const NUMBER_WIDTH = 10

/** @param besideTitle heading of the last column. Prints JSON where the command line has `--json`. */
export function report(measurements: readonly Measurement[], besideTitle = ''): void {
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify(measurements))
    return
  }
  const heads = ['p50', 'p95', 'p99', 'value'].map((name) => name.padStart(NUMBER_WIDTH)).join('')
  console.log(`${'what'.padEnd(WHAT_WIDTH)} ${heads}  ${besideTitle}`)
  for (const { what, unit, p50, p95, p99, value: amount, beside } of measurements) {
    const numbers = [p50, p95, p99, amount].map((each) => shown(each, unit).padStart(NUMBER_WIDTH)).join('')
    console.log(`${what.padEnd(WHAT_WIDTH)} ${numbers}  ${beside ?? ''}`)
  }
}

function shown(amount: number | undefined, unit: Measurement['unit']): string {
  if (amount === undefined) return ''
  return unit === 'ms' || unit === 'MB' ? amount.toFixed(2) : Math.round(amount).toLocaleString('en')
}
