/** Reads the file and the reason of a failure from `supabase db push --output-format json`. */

export interface PushFailure {
  /** e.g. `supabase/migrations/20261130000100_baseline.sql`; absent when no file had been begun. */
  file?: string
  /** The server's or the CLI's words, with the statement. */
  reason: string
}

const APPLYING = /^Applying migration (\S+?)\.\.\.$/gm
const SEEDING = /^Seeding data from (\S+?)\.\.\.$/gm
/** Advice of the CLI that does not apply here. */
const NOISE = /^(Try rerunning the command with --debug.*|.*Learn more: supabase migration new --help)$/gm

/** @param stdout ends with one JSON line. @param stderr tells which file was begun. */
export function describePushFailure(stdout: string, stderr: string): PushFailure {
  const message = (errorMessage(stdout) ?? `${stderr}\n${stdout}`).replace(NOISE, '').trim()
  const reason = message.replace(/\n{2,}/g, '\n')
  const seed = lastMatch(stderr, SEEDING)
  const migration = lastMatch(stderr, APPLYING)
  if (seed !== undefined) return { file: seed, reason }
  if (migration !== undefined) return { file: `supabase/migrations/${migration}`, reason }
  return { reason }
}

function errorMessage(stdout: string): string | null {
  for (const line of stdout.split('\n').reverse()) {
    const parsed = parseLine(line)
    if (typeof parsed !== 'object' || parsed === null || !('error' in parsed)) continue
    const { error } = parsed
    if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  }
  return null
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return null // progress in words
  }
}

function lastMatch(text: string, pattern: RegExp): string | undefined {
  return [...text.matchAll(pattern)].at(-1)?.[1]
}
