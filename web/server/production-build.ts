/**
 * Vite's `build`, for production also where `NODE_ENV` is something else. Test runners set `NODE_ENV=test`, for which Vite
 * builds with the development branches of the libraries.
 */

import { build, type InlineConfig } from 'vite'

/** @returns what `build` returns. */
export async function buildForProduction(config: InlineConfig): ReturnType<typeof build> {
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  try {
    return await build(config)
  } finally {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  }
}
