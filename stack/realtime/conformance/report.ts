/** The results of a replay as text. */

import type { PlayResult } from './player.ts'
import type { Mismatch } from './verdict.ts'

const COLUMN = 76
const MAX_LENGTH = 1_500

export function scenarioLine(result: PlayResult): string {
  const verdict = result.mismatches.length === 0 ? 'pass' : 'FAIL'
  const seconds = (result.milliseconds / 1000).toFixed(1).padStart(5)
  const meant = result.excused.length > 0 ? `  (${result.excused.length} meant difference)` : ''
  return `${verdict}  ${result.scenario.padEnd(44)} ${String(result.checks).padStart(4)} checks ${seconds} s${meant}`
}

/** The expected and the actual value side by side. */
export function mismatchText({ where, expected, actual }: Mismatch): string {
  const left = wrapped(expected)
  const right = wrapped(actual)
  const lines = [`  ${where}`, `  ${'expected'.padEnd(COLUMN)} | actual`]
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    lines.push(`  ${(left[index] ?? '').padEnd(COLUMN)} | ${right[index] ?? ''}`)
  }
  return lines.join('\n')
}

export function summary(results: PlayResult[]): string {
  const failed = results.filter((result) => result.mismatches.length > 0).length
  const reasons = new Set(results.flatMap((result) => result.excused))
  const meant = [...reasons].map((reason) => `meant difference: ${reason}`)
  return [...meant, `${results.length - failed} passed, ${failed} failed`].join('\n')
}

function wrapped(value: unknown): string[] {
  const text = value === undefined ? '(nothing)' : JSON.stringify(value)
  const shown = text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}… (${text.length} characters)` : text
  return shown.match(new RegExp(`.{1,${COLUMN}}`, 'gs')) ?? ['']
}
