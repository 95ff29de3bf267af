import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { expect, it } from 'vitest'
import { StorageClient } from './storage.ts'

const PROJECT = 'https://project.supabase.test'

type Original = SupabaseClient['storage']

/** Both clients against the same answer: what they ask, and what they make of it. */
async function both<Result>(
  answer: Response,
  call: (client: Pick<Original, 'from'>) => PromiseLike<Result>,
): Promise<{ asked: unknown[]; results: Result[] }> {
  const asked: unknown[] = []
  const record: typeof fetch = async (input, init) => {
    asked.push([String(input), init?.method, JSON.parse(String(init?.body))])
    return answer.clone()
  }
  const slim: unknown = new StorageClient(`${PROJECT}/storage/v1`, {}, record)
  const results = [
    await call(
      createClient(PROJECT, 'k', { global: { fetch: record }, auth: { persistSession: false } }).storage,
    ),
    // Its type says less than the original's, on purpose.
    await call(slim as Original),
  ]
  return { asked, results }
}

it('signs many URLs as storage-js does', async () => {
  const signed = [
    { error: null, path: 'a b', signedURL: '/object/sign/x/a b?token=1' },
    { error: 'gone', path: 'c', signedURL: null },
  ]
  const { asked, results } = await both(Response.json(signed), (client) =>
    client.from('x').createSignedUrls(['a b', 'c'], 60),
  )
  expect(asked[1]).toEqual(asked[0])
  const shown = results.map(({ data }) =>
    data?.map(({ path, signedUrl }) => ({ path, signedUrl: signedUrl || null })),
  )
  expect(shown[1]).toEqual(shown[0])
})

it('signs a download as storage-js does', async () => {
  const answer = Response.json({ signedURL: '/object/sign/x/a?token=1' })
  const { asked, results } = await both(answer, (client) =>
    client.from('x').createSignedUrl('a', 60, { download: 'my report.pdf' }),
  )
  expect(asked[1]).toEqual(asked[0])
  const [original, slim] = results.map(({ data }) => new URL(data?.signedUrl ?? '').searchParams)
  expect(Object.fromEntries(slim ?? [])).toEqual(Object.fromEntries(original ?? []))
})

it('says what went wrong, and throws nothing', async () => {
  const { results } = await both(Response.json({ message: 'no' }, { status: 400 }), (client) =>
    client.from('x').createSignedUrls(['a'], 60),
  )
  expect(results[1]).toMatchObject({ data: null, error: { name: 'StorageApiError' } })
  expect(results[0]?.error).not.toBeNull()
})
