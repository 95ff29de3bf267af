/** The path of the Deno program that npm has installed. It lies in the package of the platform. */

import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { AppError } from '../../functions-shared/app-error.ts'

const require = createRequire(import.meta.url)

/** @throws AppError `deno_missing` where npm has no Deno for this machine. */
export function denoBinary(): string {
  const file = process.platform === 'win32' ? 'deno.exe' : 'deno'
  for (const name of candidates()) {
    const path = packageFile(name, file)
    if (path !== undefined) return path
  }
  throw new AppError('deno_missing', { details: { platform: process.platform, arch: process.arch } })
}

/** The platform's package first. The package `deno` has a copy once its install script has run. */
function candidates(): string[] {
  const { platform, arch } = process
  return platform === 'linux' ? [`@deno/linux-${arch}-glibc`, 'deno'] : [`@deno/${platform}-${arch}`, 'deno']
}

function packageFile(name: string, file: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    const path = join(folder, name, file)
    if (existsSync(path)) return path
  }
  return undefined
}
