/** Asks axe-core what is wrong with a page for people who use assistive technology. */

import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Page } from 'playwright-core'

const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

/** What moves or fades has its colours only when it has come to rest. */
const AT_REST = `Promise.allSettled(
  document.getAnimations()
    .filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
    .map(({ finished }) => finished)
).then(() => undefined)`

let source: Promise<string> | undefined

/**
 * @param within a selector; default the whole page.
 * @returns one line per finding: rule, elements and what they lack. Empty when there is nothing to find.
 */
export async function accessibilityFindings(page: Page, within?: string): Promise<string[]> {
  await page.evaluate(AT_REST)
  source ??= readFile(AXE, 'utf8')
  // By the debugger, which the page's Content-Security-Policy does not bind.
  if (!(await page.evaluate("'axe' in globalThis"))) await page.evaluate(await source)
  const context = within === undefined ? 'document' : JSON.stringify(within)
  const { violations }: AxeResults = await page.evaluate(
    `axe.run(${context}, { resultTypes: ['violations'] })`,
  )
  return violations.map(
    ({ id, nodes }) =>
      `${id}: ${nodes.map(({ target, failureSummary }) => `${target.join(' ')} (${failureSummary})`).join('; ')}`,
  )
}
