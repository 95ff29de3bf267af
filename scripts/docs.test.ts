import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from 'vitest'
import { ROOT } from './process.ts'

const LINK = /\]\((?!https?:|mailto:|#)([^)#\s]+)/g
const pages = ['README.md', ...globSync('docs/**/*.md', { cwd: ROOT })]

test.each(pages)('%s links only to files that exist', (page) => {
  const text = readFileSync(join(ROOT, page), 'utf8')
  const broken = [...text.matchAll(LINK)].filter(
    ([, target = '']) => !existsSync(join(ROOT, dirname(page), target)),
  )
  expect(broken.map(([, target]) => target)).toEqual([])
})

test.each(pages)('%s names only npm scripts that exist', (page) => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  const named = [...readFileSync(join(ROOT, page), 'utf8').matchAll(/npm run ([\w:]+)/g)]
  expect(named.map(([, name = '']) => name).filter((name) => !(name in scripts))).toEqual([])
})
