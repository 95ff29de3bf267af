/** Reads the mailbox of the embedded stack as its JSON, in the form of Mailpit's API. */

import { inject, vi } from 'vitest'
import './provided-context.ts'

export interface Mail {
  subject: string
  /** The address behind the button. */
  link: string
  code: string
}

const PATIENCE_MS = 30_000

/** Waits for the mail number `count` to the address; returns the newest. */
export async function mailTo(address: string, count = 1): Promise<Mail> {
  const url = inject('stack').mailboxUrl
  return await vi.waitFor(
    async () => {
      const found = await read(`${url}/api/v1/search?query=${encodeURIComponent(`to:${address}`)}`)
      const messages: unknown = Reflect.get(found, 'messages')
      if (!Array.isArray(messages) || messages.length < count)
        throw new Error(`no mail ${count} to ${address}`)
      const message = await read(`${url}/api/v1/message/${Reflect.get(Object(messages[0]), 'ID')}`)
      const text = String(Reflect.get(message, 'Text'))
      const [link = ''] = /https?:\/\/\S+/.exec(text) ?? []
      const [code = ''] = /(?<!\S)\d{6}(?!\S)/.exec(text) ?? []
      return { subject: String(Reflect.get(message, 'Subject')), link, code }
    },
    { timeout: PATIENCE_MS, interval: 200 },
  )
}

async function read(url: string): Promise<object> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the mailbox answered ${response.status}`)
  const body: unknown = await response.json()
  return Object(body)
}
