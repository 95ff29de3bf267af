/** Servers for tests: an HTTP server, and one that sends bytes as the test gives them. */

export interface TestServer extends AsyncDisposable {
  /** E.g. `http://127.0.0.1:40123`. */
  readonly origin: string
}

export function serveHttp(handler: Deno.ServeHandler): TestServer {
  const server = Deno.serve({ hostname: '127.0.0.1', port: 0, onListen: () => undefined }, handler)
  return {
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  }
}

export interface RawServerOptions {
  /** Answers one connection, after the request's head was read. */
  answer: (connection: Deno.Conn) => Promise<void>
  tls?: { cert: string; key: string }
}

export function serveRaw({ answer, tls }: RawServerOptions): TestServer & { readonly port: number } {
  const address = { hostname: '127.0.0.1', port: 0 }
  const listener = tls === undefined ? Deno.listen(address) : Deno.listenTls({ ...address, ...tls })
  const connections = new Set<Promise<void>>()
  const open = new Set<Deno.Conn>()
  const accepting = (async () => {
    for await (const connection of listener) {
      open.add(connection)
      connections.add(serveOne(connection, answer).finally(() => open.delete(connection)))
    }
  })()
  const { port } = listener.addr
  return {
    port,
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      listener.close()
      for (const connection of open) closeQuietly(connection)
      await accepting
      await Promise.all(connections)
    },
  }
}

async function serveOne(connection: Deno.Conn, answer: RawServerOptions['answer']): Promise<void> {
  try {
    await readHead(connection)
    await answer(connection)
  } catch (error) {
    // Clients that hang up are the subject of many of these tests.
    if (!isClosed(error)) throw error
  } finally {
    closeQuietly(connection)
  }
}

async function readHead(connection: Deno.Conn): Promise<void> {
  const decoder = new TextDecoder()
  const buffer = new Uint8Array(4096)
  let head = ''
  while (!head.includes('\r\n\r\n')) {
    const count = await connection.read(buffer)
    if (count === null) return
    head += decoder.decode(buffer.subarray(0, count), { stream: true })
  }
}

/** Resolves when the client has closed the connection. */
export async function untilClosed(connection: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64)
  while ((await connection.read(buffer)) !== null);
}

export async function send(connection: Deno.Conn, ...parts: (string | Uint8Array)[]): Promise<void> {
  for (const part of parts) {
    const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part
    let sent = 0
    while (sent < bytes.length) sent += await connection.write(bytes.subarray(sent))
  }
}

function closeQuietly(connection: Deno.Conn): void {
  try {
    connection.close()
  } catch (error) {
    if (!isClosed(error)) throw error
  }
}

function isClosed(error: unknown): boolean {
  return [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.ConnectionAborted,
    Deno.errors.Interrupted,
    Deno.errors.UnexpectedEof,
    Deno.errors.InvalidData,
    Deno.errors.NotConnected,
  ].some((type) => error instanceof type)
}
