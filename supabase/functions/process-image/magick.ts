/** ImageMagick as WebAssembly, loaded once and only when the first image is to be worked on (15 MB). */

import { initializeImageMagick } from '@imagemagick/magick-wasm'

/** The package whose file is read; its version is held to the one in deno.json by a test. */
const PACKAGE = 'npm:@imagemagick/magick-wasm@0.0.42'

let loading: Promise<void> | undefined

/** A failed load is forgotten, so that the next image tries again. */
export function loadMagick(): Promise<void> {
  loading ??= load().catch((error: unknown) => {
    loading = undefined
    throw error
  })
  return loading
}

async function load(): Promise<void> {
  // Beside the package's entry, in node_modules as well as in the bundle of a deployed function.
  const wasm = await Deno.readFile(new URL('magick.wasm', import.meta.resolve(PACKAGE)))
  await initializeImageMagick(wasm)
}
