import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
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

/** Asks for the configuration with a Host header of the caller's choice. */
function configAs(url: string, host: string): Promise<{ status: number; hasPassword: boolean }> {
  return new Promise((resolve, reject) => {
    request(`${url}/config.json`, { headers: { host } }, (response) => {
      let text = ''
      response.on('data', (chunk) => {
        text += String(chunk)
      })
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          hasPassword: text.includes('secret') || text.includes('publishableKey'),
        }),
      )
    })
      .on('error', reject)
      .end()
  })
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

  it.each([false, true])('serves the page at the address of links in mails (dev: %s)', async (dev) => {
    const { url } = await started({ dev })
    const page = await fetch(`${url}/auth/confirm?token_hash=x&type=email&redirect_to=${url}/`, {
      headers: { accept: 'text/html' },
    })
    expect(page.status).toBe(200)
    const html = await page.text()
    expect(html).toContain('<div id="app">')
    // Relative addresses would lead to /auth/.
    expect(html).not.toMatch(/(?:src|href)="(?!\/|https?:)/)
    if (!dev) expect(page.headers.get('referrer-policy')).toBe('no-referrer')
  })

  it.each([false, true])(
    'lets no other page read the demo login: by CORS or by a name bound to its address (dev: %s)',
    async (dev) => {
      const { url } = await started({ demo: { email: 'a@b.c', password: 'secret' }, dev })
      const { port } = new URL(url)
      for (const origin of [`http://localhost:${Number(port) + 1}`, 'https://evil.example', 'null']) {
        const answer = await fetch(`${url}/config.json`, { headers: { origin } })
        expect(answer.headers.get('access-control-allow-origin')).toBeNull()
        expect(answer.headers.get('cross-origin-resource-policy')).toBe('same-origin')
      }
      const preflight = await fetch(`${url}/config.json`, {
        method: 'OPTIONS',
        headers: { origin: 'http://localhost:1', 'access-control-request-method': 'GET' },
      })
      expect(preflight.headers.get('access-control-allow-origin')).toBeNull()

      expect(await configAs(url, `localhost:${port}`)).toMatchObject({ status: 200, hasPassword: true })
      for (const host of ['evil.example', `evil.example:${port}`, '10.1.2.3'])
        expect(await configAs(url, host)).toEqual({ status: 403, hasPassword: false })
      for (const host of ['[', 'user:password@localhost'])
        expect(await configAs(url, host)).toMatchObject({ hasPassword: false })
    },
  )

  it('answers to a name that it was started with', async () => {
    const { url } = await started({ allowedHosts: ['claims.test'] })
    expect((await configAs(url, 'claims.test')).status).toBe(200)
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
    for (const file of ['vite.config.ts', 'server/production-build.ts', 'server/shared-chunk.ts'])
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
