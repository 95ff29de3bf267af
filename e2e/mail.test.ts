/** Mails on the stack as `npm start` brings it up: settings and templates of supabase/, and the mailbox. */

import { randomUUID } from 'node:crypto'
import { expect, inject, test, vi } from 'vitest'
import { isRecord } from '../functions-shared/unknown.ts'
import { newClient, newUser, postClaim } from './support/claims.ts'

/** The newest message to `address` as Mailpit's API gives it. */
async function newestMail(address: string): Promise<Record<string, unknown>> {
  const { mailboxUrl } = inject('stack')
  const list = await (await fetch(`${mailboxUrl}/api/v1/search?query=to:${address}`)).json()
  const id = isRecord(list) && Array.isArray(list.messages) ? list.messages[0]?.ID : undefined
  const message: unknown = await (await fetch(`${mailboxUrl}/api/v1/message/${id}`)).json()
  return isRecord(message) ? message : {}
}

test('a sign-in by e-mail arrives in the mailbox; its link leads to the dashboard and is spent by POST alone', async () => {
  const client = newClient()
  const email = `${randomUUID()}@example.test`
  const redirectTo = `${inject('dashboardUrl')}/#/incidents/${randomUUID()}`
  const asked = await client.auth.signInWithOtp({ email, options: { emailRedirectTo: redirectTo } })
  expect(asked.error).toBeNull()
  const mail = await newestMail(email)
  expect(mail.From).toEqual({ Name: 'Claimwire', Address: 'no-reply@claimwire.test' })
  const [href = ''] = /https?:\/\/\S+/.exec(String(mail.Text)) ?? []
  const link = new URL(href)
  expect(link.origin + link.pathname).toBe(`${inject('dashboardUrl')}/auth/confirm`)
  expect(link.searchParams.get('redirect_to')).toBe(redirectTo)

  for (let look = 0; look < 2; look++) {
    const page = await fetch(link, { headers: { accept: 'text/html' } })
    expect(await page.text()).toContain('<div id="app">')
  }
  const verification = { token_hash: link.searchParams.get('token_hash') ?? '', type: 'email' } as const
  const { data } = await client.auth.verifyOtp(verification)
  expect(data.user?.email).toBe(email)
  expect((await newClient().auth.verifyOtp(verification)).error).toMatchObject({ code: 'otp_expired' })

  const soon = await newClient().auth.resetPasswordForEmail(email)
  expect(soon.error).toBeNull()
  const tooSoon = await newClient().auth.resetPasswordForEmail(email)
  expect(tooSoon.error).toMatchObject({ status: 429, code: 'over_email_send_rate_limit' })
})

test('somebody without an account is invited to a case by mail, and is on it when they have followed the link', async () => {
  const owner = await newUser()
  const incidentId = await postClaim(owner, [])
  const email = `${randomUUID()}@example.test`
  const added = await owner.client.rpc('add_member', { p_incident_id: incidentId, p_email: email })
  expect(added).toMatchObject({ error: null, data: { status: 'invited' } })
  const link = await vi.waitFor(
    async () => new URL(/https?:\/\/\S+/.exec(String((await newestMail(email)).Text))?.[0] ?? ''),
    { timeout: 30_000, interval: 100 },
  )
  const guest = newClient()
  const { error } = await guest.auth.verifyOtp({
    token_hash: link.searchParams.get('token_hash') ?? '',
    type: 'invite',
  })
  expect(error).toBeNull()
  const { data } = await guest.from('incident_members').select('role').eq('incident_id', incidentId)
  expect(data?.map(({ role }) => role).toSorted()).toEqual(['owner', 'viewer'])
  const { data: waiting } = await owner.client.from('invitations').select('email')
  expect(waiting).toEqual([])
})
