/** Parses the Test Anything Protocol, as pgTAP prints it. */

interface TapTest {
  number: number
  ok: boolean
  name: string
  /** A test that is marked `# SKIP` or `# TODO` does not count as failed. */
  directive: 'skip' | 'todo' | null
  /** The test's comments on its failure, without the leading `#`. */
  diagnostics: string[]
}

export interface TapResult {
  /** Number of tests announced; null without a plan. */
  plan: number | null
  tests: TapTest[]
  /** Failed tests, and faults of the plan; empty for a passed file. */
  problems: string[]
}

const TEST = /^(not )?ok\b(?:\s+(\d+))?(?:\s+-)?\s*(.*)$/
const PLAN = /^1\.\.(\d+)/
const DIRECTIVE = /#\s*(skip|todo)\b/i

/** @param output lines, or texts of several lines, in order. */
export function parseTap(output: readonly string[]): TapResult {
  const result: TapResult = { plan: null, tests: [], problems: [] }
  for (const line of output.flatMap((text) => text.split('\n'))) {
    const plan = PLAN.exec(line)
    const test = TEST.exec(line)
    if (plan?.[1] !== undefined) result.plan = Number(plan[1])
    else if (test !== null) result.tests.push(readTest(test, result.tests.length + 1))
    else if (line.startsWith('#')) {
      result.tests.at(-1)?.diagnostics.push(line.replace(/^#\s?/, ''))
    } else if (line.startsWith('Bail out!')) result.problems.push(line)
  }
  for (const test of result.tests) {
    if (test.ok || test.directive !== null) continue
    result.problems.push([`${test.number} - ${test.name}`, ...test.diagnostics].join('\n    '))
  }
  if (result.plan === null)
    result.problems.push('There is no plan; the file has to begin with select plan(n).')
  else if (result.plan !== result.tests.length) {
    result.problems.push(`${result.plan} tests were planned and ${result.tests.length} were run.`)
  }
  return result
}

function readTest(match: RegExpExecArray, fallback: number): TapTest {
  const text = match[3] ?? ''
  const directive = DIRECTIVE.exec(text)?.[1]?.toLowerCase()
  return {
    number: match[2] === undefined ? fallback : Number(match[2]),
    ok: match[1] === undefined,
    name: text.replace(/\s*#\s*(skip|todo)\b.*$/i, ''),
    directive: directive === 'skip' || directive === 'todo' ? directive : null,
    diagnostics: [],
  }
}
