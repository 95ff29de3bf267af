import { once } from 'node:events'
import { createServer } from 'node:net'
import { expect, test } from 'vitest'
import { freePorts } from './ports.ts'

async function occupy(): Promise<{ port: number } & AsyncDisposable> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : 0,
    async [Symbol.asyncDispose]() {
      server.close()
      await once(server, 'close')
    },
  }
}

async function first(ports: AsyncGenerator<number>): Promise<number> {
  for await (const port of ports) return port
  throw new Error('no port')
}

test('a free preferred port is the first', async () => {
  const { port } = await occupy().then(async (taken) => {
    await taken[Symbol.asyncDispose]()
    return taken
  })
  expect(await first(freePorts(port))).toBe(port)
})

test('a taken port is skipped', async () => {
  await using taken = await occupy()
  expect(await first(freePorts(taken.port))).toBeGreaterThan(taken.port)
})

test('a preferred port of 0 gives ports that the system chooses', async () => {
  expect(await first(freePorts(0))).toBeGreaterThan(1023)
})

test('the end of the range is an error with a code', async () => {
  const all = async () => {
    for await (const port of freePorts(65_535)) expect(port).toBe(65_535)
  }
  await expect(all()).rejects.toMatchObject({ code: 'no_free_port' })
})
