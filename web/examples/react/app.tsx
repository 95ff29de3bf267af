/** @jsxImportSource react */
import type { SupabaseClient } from '@supabase/supabase-js'
import { type FormEvent, useEffect, useState } from 'react'
import type { DashboardWebSocketClient } from '../../src/client/index.ts'
import { LiveProvider, useConnection, useJob, useNotifications } from '../../src/react/index.ts'

interface AppProps {
  supabase: SupabaseClient
  client: DashboardWebSocketClient
}

export function App({ supabase, client }: AppProps) {
  const [userId, setUserId] = useState<string | null>(null)
  useEffect(() => {
    // The callback runs under the auth client's lock. The state changes in a later turn, after the lock is released.
    const { data } = supabase.auth.onAuthStateChange((_event, session) => {
      setTimeout(() => setUserId(session?.user.id ?? null), 0)
    })
    return () => data.subscription.unsubscribe()
  }, [supabase])

  return (
    <LiveProvider client={client} userId={userId}>
      <header>
        <strong>Claims, with hooks</strong>
        <Connection />
      </header>
      <main>{userId === null ? <SignIn supabase={supabase} /> : <Follow />}</main>
    </LiveProvider>
  )
}

function Connection() {
  const { state, latencyMs, retryNow } = useConnection()
  return (
    <span role="status" className="status">
      {state}
      {latencyMs === null ? '' : ` (${latencyMs} ms)`}
      {state === 'offline' && (
        <button type="button" onClick={retryNow}>
          Retry now
        </button>
      )}
    </span>
  )
}

function Follow() {
  const [jobId, setJobId] = useState('')
  const { messages, unreadCount } = useNotifications({ limit: 10 })
  return (
    <>
      <label>
        Job to follow
        <input value={jobId} onChange={(event) => setJobId(event.target.value)} />
      </label>
      {jobId !== '' && <Job key={jobId} jobId={jobId} />}
      <h2>Notifications ({unreadCount ?? '…'} unread)</h2>
      <ol aria-label="Notifications" className="events">
        {messages.map(({ message }) => (
          <li key={message.seq}>
            <time dateTime={message.timestamp}>{new Date(message.timestamp).toLocaleTimeString()}</time>
            {message.type.replaceAll('_', ' ')}
          </li>
        ))}
      </ol>
    </>
  )
}

function Job({ jobId }: { jobId: string }) {
  const job = useJob(jobId)
  if (job === null) return <p>Nothing has happened to it yet.</p>
  return (
    <p>
      <progress value={job.progress} max={100} aria-label="Progress" /> {job.status} {job.progress} %{' '}
      {job.error ?? job.stage}
    </p>
  )
}

function SignIn({ supabase }: { supabase: SupabaseClient }) {
  const [failed, setFailed] = useState(false)
  async function signIn(event: FormEvent<HTMLFormElement>) {
    event.preventDefault()
    const form = new FormData(event.currentTarget)
    const { error } = await supabase.auth.signInWithPassword({
      email: String(form.get('email')),
      password: String(form.get('password')),
    })
    setFailed(error !== null)
  }
  return (
    <form onSubmit={signIn}>
      <h1>Sign in</h1>
      {failed && <p role="alert">That is not right. Try again.</p>}
      <label>
        E-mail <input name="email" type="email" autoComplete="username" required />
      </label>
      <label>
        Password <input name="password" type="password" autoComplete="current-password" required />
      </label>
      <button type="submit">Sign in</button>
    </form>
  )
}
