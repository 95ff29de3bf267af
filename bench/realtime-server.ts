/** The server under measurement, in a process of its own: tells its parent where it is and how much memory it uses. */

import { withClient } from '../stack/postgres/index.ts'
import { startTestServer } from '../stack/realtime/testing/server.ts'
import { startTestCluster } from '../stack/testing/cluster.ts'

const SETUP = `
  create policy "rooms are open" on realtime.messages for all to authenticated, anon
    using (realtime.topic() like 'room:%') with check (realtime.topic() like 'room:%');
  create table public.jobs (id bigint primary key, progress int not null default 0);
  grant select on public.jobs to anon, authenticated;
  alter publication supabase_realtime add table public.jobs;
  insert into public.jobs select n from generate_series(1, 1000) n;
`

await using cluster = await startTestCluster()
await using database = await cluster.createDatabase({ migrations: false })
await withClient(database.urls.postgres, (client) => client.query(SETUP))
await using server = await startTestServer(database.urls, {
  settings: {
    maxEventsPerSecond: Number.MAX_SAFE_INTEGER,
    maxJoinsPerSecond: Number.MAX_SAFE_INTEGER,
    maxConcurrentUsers: Number.MAX_SAFE_INTEGER,
    maxBufferedBytes: 256 * 1024 * 1024,
  },
})

const stopped = Promise.withResolvers<void>()
process.on('message', (request) => {
  if (request === 'memory') {
    globalThis.gc?.()
    process.send?.({ memory: process.memoryUsage().rss })
  } else stopped.resolve()
})
process.on('disconnect', () => stopped.resolve())
process.send?.({ url: server.url, key: server.keys.publishableKey, db: database.urls.postgres })
await stopped.promise
process.disconnect?.()
