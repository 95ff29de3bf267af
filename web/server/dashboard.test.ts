import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, onTestFinished } from 'vitest'
import { ensureBuild } from './build.ts'
import { type DashboardOptions, startDashboard } from './dashboard.ts'
import { securityHeaders } from './security-headers.ts'

const backend = { supabaseUrl: 'http://127.0.0.1:1', publishableKey: 'sb_publishable_x' }

async function started(options: Partial<DashboardOptions> = {}) {
  const dashboard = await startDashboard({ port: 0, ...backend, ...options })
  onTestFinished(() => dashboard.close())
  return dashboard
}

describe('startDashboard', { timeout: 60_000 }, () => {
  it('serves the page, its configuration and strict headers', async () => {
    const { url } = await started({ demo: { email: 'a@b.c', password: 'x' } })
    const page = await fetch(url)
    expect(page.headers.get('content-security-policy')).toBe(
      securityHeaders(backend.supabaseUrl)['content-security-policy'],
    )
    const html = await page.text()
    expect(html).not.toMatch(/<script(?![^>]*src=)|<style|style=|onload=/)
    const [script] = /\/assets\/[^"]+\.js/.exec(html) ?? []
    expect((await fetch(url + script)).headers.get('content-type')).toContain('javascript')

    const config = await fetch(`${url}/config.json`)
    expect(config.headers.get('cache-control')).toBe('no-store')
    expect(await config.json()).toEqual({ ...backend, demo: { email: 'a@b.c', password: 'x' } })
  })

  it('takes the next free port, and offers no demo login unless told to', async () => {
    const first = await started()
    const second = await started({ port: Number(new URL(first.url).port) })
    expect(second.url).not.toBe(first.url)
    expect(await (await fetch(`${second.url}/config.json`)).json()).toEqual(backend)
  })

  it('serves from source in development', async () => {
    const { url } = await started({ dev: true })
    expect(await (await fetch(url)).text()).toContain('/@vite/client')
    expect(await (await fetch(`${url}/config.json`)).json()).toEqual(backend)
  })

  it('answers no longer once it is closed', async () => {
    const dashboard = await startDashboard({ port: 0, ...backend })
    await dashboard.close()
    await expect(fetch(dashboard.url)).rejects.toThrow()
  })
})

describe('the policy', () => {
  it('allows the backend and nothing inline', () => {
    const policy = securityHeaders('https://abc.supabase.co')['content-security-policy']
    expect(policy).toContain("connect-src 'self' https://abc.supabase.co wss://abc.supabase.co;")
    expect(policy).not.toMatch(/unsafe|\*|data:/)
  })
})

describe('ensureBuild', { timeout: 60_000 }, () => {
  /** A small page with everything that the real one has. */
  async function smallWeb(): Promise<string> {
    const cache = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url))
    await mkdir(cache, { recursive: true })
    const root = await mkdtemp(join(cache, 'claimwire-test-'))
    onTestFinished(() => rm(root, { recursive: true, force: true }))
    const web = join(root, 'web')
    for (const folder of ['web/src', 'web/public', 'functions-shared'])
      await mkdir(join(root, folder), { recursive: true })
    await writeFile(join(root, 'package-lock.json'), '{}')
    await writeFile(join(web, 'index.html'), '<script type="module" src="/src/main.js"></script>')
    await writeFile(join(web, 'src/main.js'), 'console.log("first")')
    for (const file of ['vite.config.ts', 'server/shared-chunk.ts'])
      await cp(fileURLToPath(new URL(`../${file}`, import.meta.url)), join(web, file))
    return web
  }

  const mark = (web: string) => readFile(join(web, 'dist/.source-hash'), 'utf8')

  it('builds anew when a source has changed, and only then', async () => {
    const web = await smallWeb()
    await ensureBuild(web)
    const first = await mark(web)
    await writeFile(join(web, 'dist/untouched'), '')
    await ensureBuild(web)
    expect(await readFile(join(web, 'dist/untouched'), 'utf8')).toBe('')

    await writeFile(join(web, 'src/main.js'), 'console.log("second")')
    await ensureBuild(web)
    expect(await mark(web)).not.toBe(first)
    await expect(readFile(join(web, 'dist/untouched'))).rejects.toThrow('ENOENT')
  })

  it('can be called twice at once', async () => {
    const web = await smallWeb()
    await Promise.all([ensureBuild(web), ensureBuild(web)])
    expect(await mark(web)).toMatch(/^[0-9a-f]{64}$/)
  })
})
