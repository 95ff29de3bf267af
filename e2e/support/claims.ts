/** What the end-to-end tests do again and again: users, signed webhooks, waiting for work to end. */

import { randomUUID } from 'node:crypto'
import { createClient, type SupabaseClient } from '@supabase/supabase-js'
import { expect, inject, vi } from 'vitest'
import type { Database } from '../../functions-shared/database.types.ts'
import { buildTypeformResponse, signTypeformBody } from '../../samples/typeform.ts'
import { addConfirmedUser } from '../../stack/testing/confirmed-user.ts'
import './provided-context.ts'

export type Client = SupabaseClient<Database>
export type Job = Database['public']['Tables']['jobs']['Row']

export const PASSWORD = 'correct horse battery staple'
const WORK_TIMEOUT_MS = 60_000

/** A client that keeps nothing and refreshes nothing. */
export function newClient(key: 'publishableKey' | 'secretKey' = 'publishableKey'): Client {
  const { url, keys } = inject('stack')
  return createClient<Database>(url, keys[key], { auth: { persistSession: false, autoRefreshToken: false } })
}

export interface TestUser {
  id: string
  email: string
  client: Client
}

/** A new user, signed in. */
export async function newUser(): Promise<TestUser> {
  const client = newClient()
  const email = `${randomUUID()}@example.test`
  const account = { email, password: PASSWORD }
  const id = await addConfirmedUser(inject('stack'), account)
  expect((await client.auth.signInWithPassword(account)).error).toBeNull()
  return { id, email, client }
}

/** Opens the original of a document as its member does, and downloads it. */
export async function openOriginal(
  { client }: TestUser,
  document: { id: string; original_path: string | null } | null,
): Promise<Blob> {
  const opened = await client.rpc('open_original', { p_document_id: document?.id ?? '' })
  expect(opened.error).toBeNull()
  const { data, error } = await client.storage.from('originals').download(document?.original_path ?? '')
  if (data === null) throw error
  return data
}

export async function postWebhook(
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: unknown }> {
  const { url, keys } = inject('stack')
  const response = await fetch(`${url}/functions/v1/typeform-webhook`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'typeform-signature': signTypeformBody(body, keys.typeformSecret),
      ...headers,
    },
    body,
  })
  const text = await response.text()
  return { status: response.status, body: text === '' ? undefined : JSON.parse(text) }
}

/** Posts a signed claim with these files; returns the incident's id. */
export async function postClaim(user: TestUser, fileUrls: string[]): Promise<string> {
  const response = buildTypeformResponse({ userId: user.id, email: user.email, files: fileUrls })
  const answer = await postWebhook(JSON.stringify(response))
  expect(answer).toMatchObject({ status: 200, body: { incident_id: expect.any(String), duplicate: false } })
  return (answer.body as { incident_id: string }).incident_id
}

/** Waits until the work on every file of the incident has ended; returns its jobs in the order of creation. */
export async function endedJobs(user: TestUser, incidentId: string, count: number): Promise<Job[]> {
  return vi.waitFor(
    async () => {
      const { data, error } = await user.client
        .from('jobs')
        .select()
        .eq('incident_id', incidentId)
        .neq('kind', 'pdf')
        .in('status', ['completed', 'failed'])
        .order('created_at')
        .order('id')
      expect(error).toBeNull()
      expect(data).toHaveLength(count)
      return data ?? []
    },
    { timeout: WORK_TIMEOUT_MS, interval: 100 },
  )
}

/** Waits until the report that follows the work on an incident's files has ended; returns its job. */
export async function endedReport(user: TestUser, incidentId: string): Promise<Job> {
  return vi.waitFor(
    async () => {
      const { data, error } = await user.client
        .from('jobs')
        .select()
        .eq('incident_id', incidentId)
        .eq('kind', 'pdf')
        .in('status', ['completed', 'failed'])
        .order('created_at', { ascending: false })
      expect(error).toBeNull()
      const job = data?.[0]
      if (job === undefined) throw new Error('there is no report yet')
      return job
    },
    { timeout: WORK_TIMEOUT_MS, interval: 100 },
  )
}
