import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The sample photos; `truncated.jpg` is cut short on purpose. */
export const PHOTOS = fileURLToPath(new URL('../fixtures/photos', import.meta.url))
export const PHOTO_PATH = join(PHOTOS, 'front-damage.jpg')
