/** Writes the report of the sample claim to the file that is named. */

import { loadFonts } from '../fonts.ts'
import { layOut } from '../layout.ts'
import { loadSamplePhoto, sampleSource } from './sample.ts'

const [file = 'report.pdf'] = Deno.args
const { bytes } = await layOut(sampleSource(), { fonts: await loadFonts(), loadPhoto: loadSamplePhoto })
await Deno.writeFile(file, bytes)
