/** Flags, help and error messages of the commands. Errors are printed without stack traces. */

import { type ParseArgsConfig, parseArgs } from 'node:util'
import { AppError } from '../functions-shared/app-error.ts'

/** An error of the command line, in words for people. */
export class UsageError extends Error {}

/** As `parseArgs`. @throws UsageError */
export function parseFlags<const Config extends ParseArgsConfig>(
  config: Config,
): ReturnType<typeof parseArgs<Config>> {
  try {
    return parseArgs(config)
  } catch (error) {
    if (error instanceof TypeError && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_')) {
      throw new UsageError(error.message, { cause: error })
    }
    throw error
  }
}

/** @throws UsageError */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new UsageError(`"${text}" is not a port`)
}

/**
 * The whole number that a flag gives.
 * @param atLeast 0 or more.
 * @throws UsageError
 */
export function parseCount(text: string, flag: string, atLeast: number): number {
  if (/^\d{1,9}$/.test(text) && Number(text) >= atLeast) return Number(text)
  throw new UsageError(`${flag} takes a whole number from ${atLeast} on, not "${text}"`)
}

/** @throws UsageError where the value is no http or https URL. */
export function parseAddress(text: string): string {
  const url = URL.parse(text)
  if (url !== null && ['http:', 'https:'].includes(url.protocol)) return url.origin
  throw new UsageError(`"${text}" is not the address of a project.`)
}

/** Runs a command and ends the process: exit code 2 for a wrong command line, 1 for any other error. */
export async function runCommand(usage: string, command: () => Promise<void>): Promise<never> {
  try {
    await command()
  } catch (error) {
    explain(error, usage)
  }
  // A timer that a client library left behind must not keep the process running.
  return process.exit()
}

/** An error that people can act upon is printed without its stack trace. */
export function explain(error: unknown, usage: string): void {
  process.exitCode = 1
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${usage}`)
    process.exitCode = 2
  } else if (error instanceof AppError) {
    console.error(`\n${error.message} (${error.code})`)
    for (const [name, value] of Object.entries(error.details)) console.error(`  ${name}: ${String(value)}`)
    console.error('  See docs/error-codes.md.')
  } else {
    console.error(error)
  }
}
