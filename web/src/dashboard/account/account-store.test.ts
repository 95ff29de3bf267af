import { AuthApiError, type UserResponse } from '@supabase/supabase-js'
import { expect, test, vi } from 'vitest'
import { type AccountAuth, AccountStore } from './account-store.ts'

const changed = (email: string): UserResponse => ({
  data: {
    user: { id: 'u', email, app_metadata: {}, user_metadata: {}, aud: 'authenticated', created_at: '' },
  },
  error: null,
})
const refused = (status: number, code: string) =>
  ({ data: { user: null }, error: new AuthApiError('no', status, code) }) as const

function bench() {
  const auth = {
    updateUser: vi.fn<AccountAuth['updateUser']>(async () => changed('ana@example.com')),
    reauthenticate: vi.fn<AccountAuth['reauthenticate']>(async () => ({
      data: { user: null, session: null },
      error: null,
    })),
    signOut: vi.fn<AccountAuth['signOut']>(async () => ({ error: null })),
  }
  return { auth, store: new AccountStore(auth) }
}

test('a new address is asked for in both mailboxes', async () => {
  const { auth, store } = bench()
  expect(await store.changeAddress(' new@example.com ', 'https://claims.example.com/')).toBe(true)
  expect(auth.updateUser).toHaveBeenCalledWith(
    { email: 'new@example.com' },
    { emailRedirectTo: 'https://claims.example.com/' },
  )
  expect(store.state).toMatchObject({
    about: 'address',
    notice: expect.stringContaining('old and to your new address'),
  })
})

test('a project that asks for no confirmation has changed the address at once', async () => {
  const { auth, store } = bench()
  auth.updateUser.mockResolvedValue(changed('new@example.com'))
  await store.changeAddress('New@example.com', '/')
  expect(store.state.notice).toBe('Your address is changed.')
})

test('an address that is taken or none is refused in words', async () => {
  const { auth, store } = bench()
  auth.updateUser.mockResolvedValue(refused(422, 'email_exists'))
  expect(await store.changeAddress('bob@example.com', '/')).toBe(false)
  expect(store.state.error).toBe('Another account has this address.')
  expect(await store.changeAddress('bob', '/')).toBe(false)
  expect(auth.updateUser).toHaveBeenCalledTimes(1)
})

test('where Auth asks who it is, the code of a mail goes with the new password', async () => {
  const { auth, store } = bench()
  auth.updateUser.mockResolvedValueOnce(refused(401, 'reauthentication_needed'))
  await store.changePassword('a long password', '')
  expect(auth.reauthenticate).toHaveBeenCalledOnce()
  expect(store.state).toMatchObject({ needsCode: true, error: '' })
  expect(await store.changePassword('a long password', '')).toBe(false)
  await store.changePassword('a long password', '123 456')
  expect(auth.updateUser).toHaveBeenLastCalledWith({ password: 'a long password', nonce: '123456' })
  expect(store.state).toMatchObject({ needsCode: false, notice: 'Your password is changed.' })
})

test('a short password is not sent', async () => {
  const { auth, store } = bench()
  expect(await store.changePassword('short', '')).toBe(false)
  expect(auth.updateUser).not.toHaveBeenCalled()
})

test('other devices are signed out, and a failure is told', async () => {
  const { auth, store } = bench()
  expect(await store.signOutOthers()).toBe(true)
  expect(auth.signOut).toHaveBeenCalledWith({ scope: 'others' })
  auth.signOut.mockResolvedValue({ error: new AuthApiError('no', 0, undefined) })
  expect(await store.signOutOthers()).toBe(false)
  expect(store.state.error).toContain('could not be reached')
})
