/** Options and start of the examples' servers. */

import type { Server } from 'node:http'

export interface ExampleOptions {
  supabaseUrl: string
  publishableKey: string
  /** 0 for any free port. */
  port: number
}

export interface ExampleServer extends AsyncDisposable {
  readonly url: string
}

export async function listen(server: Server, port: number): Promise<ExampleServer> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the example listens on no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
