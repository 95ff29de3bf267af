/**
 * Writes `supabase/functions/generate-pdf/font-data.ts`: the fonts of reports, cut down to the scripts that reports
 * promise and packed into a module, because files beside a function are not always deployed with it.
 *
 *   node scripts/run.mjs generate-report-fonts.ts
 *
 * The fonts are Inter Regular and SemiBold, Copyright 2020 The Inter Project Authors, under the SIL Open Font License
 * 1.1, which allows subsets; the module carries the notice.
 */

import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import path from 'node:path'
import { deflateRawSync } from 'node:zlib'
import subsetFont from 'subset-font'
import { ROOT } from './process.ts'

const FONTS = {
  REGULAR: '400Regular/Inter_400Regular.ttf',
  SEMI_BOLD: '600SemiBold/Inter_600SemiBold.ttf',
} as const

/** First and last code points. */
const RANGES: readonly (readonly [number, number])[] = [
  [0x0020, 0x007e], // Basic Latin
  [0x00a0, 0x024f], // Latin-1, Latin Extended-A and -B
  [0x02b0, 0x02ff], // modifier letters
  [0x0300, 0x036f], // combining marks
  [0x0370, 0x03ff], // Greek
  [0x0400, 0x052f], // Cyrillic
  [0x1e00, 0x1eff], // Latin Extended Additional: Vietnamese
  [0x1f00, 0x1fff], // Greek Extended
  [0x2000, 0x206f], // punctuation
  [0x2070, 0x209f], // superscripts and subscripts
  [0x20a0, 0x20bf], // currencies
  [0x2100, 0x214f], // letter-like signs
  [0x2150, 0x215f], // fractions
  [0x2190, 0x2199], // arrows
  [0x2200, 0x22ff], // mathematics
  [0x25a0, 0x25cf], // bullets
  [0x2713, 0x2717], // ticks
]

/** Layout that reports use: kerning, marks above and below letters, figures of one width. */
const FEATURES = ['kern', 'mark', 'mkmk', 'ccmp', 'tnum']

const TARGET = path.join(ROOT, 'supabase', 'functions', 'generate-pdf', 'font-data.ts')

const text = RANGES.map(([first, last]) =>
  String.fromCodePoint(...Array.from({ length: last - first + 1 }, (_, index) => first + index)),
).join('')

const resolve = createRequire(import.meta.url).resolve
const lines: string[] = []
for (const [name, file] of Object.entries(FONTS)) {
  const font = await readFile(resolve(`@expo-google-fonts/inter/${file}`))
  const subset = await subsetFont(font, text, {
    targetFormat: 'truetype',
    keepFeatures: FEATURES,
    noHinting: true,
  })
  const packed = deflateRawSync(subset, { level: 9 })
  lines.push(`export const ${name} =\n  '${packed.toString('base64')}'\n`)
  console.log(`${name}: ${font.length} bytes, subset ${subset.length}, packed ${packed.length}`)
}

await writeFile(
  TARGET,
  `/**
 * Made by scripts/generate-report-fonts.ts; do not edit. Subsets of Inter as raw DEFLATE in base64.
 *
 * Copyright 2020 The Inter Project Authors (https://github.com/rsms/inter)
 * Licensed under the SIL Open Font License, Version 1.1: https://scripts.sil.org/OFL
 */

${lines.join('\n')}`,
)
console.log(`Wrote ${path.relative(ROOT, TARGET)}.`)
