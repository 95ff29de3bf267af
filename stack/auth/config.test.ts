import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readAuthConfig } from './config.ts'
import { MAIL_KINDS } from './mail/kinds.ts'
import { createMailer, type Mail } from './mail/mailer.ts'

const ROOT = join(import.meta.dirname, '..', '..')

async function project(config: string, files: Record<string, string> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'claimwire-auth-config-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  await mkdir(join(folder, 'supabase'))
  await writeFile(join(folder, 'supabase', 'config.toml'), config)
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

test('settings that config.toml does not name are left to the defaults', async () => {
  expect(await readAuthConfig(await project('project_id = "x"'))).toEqual({
    settings: {},
    smtp: undefined,
    templates: {},
  })
})

test('settings, a mail server and templates are read', async () => {
  process.env.CONFIG_TEST_PASSWORD = 'secret'
  const folder = await project(
    `[auth]
     site_url = "https://app.example.com"
     [auth.rate_limit]
     email_sent = 30
     [auth.email]
     enable_confirmations = true
     max_frequency = "1m30s"
     otp_length = 8
     [auth.email.smtp]
     host = "smtp.example.com"
     port = 465
     user = "me"
     pass = "env(CONFIG_TEST_PASSWORD)"
     admin_email = "claims@example.com"
     [auth.email.template.invite]
     subject = "Come in"
     content_path = "./invite.html"`,
    { 'invite.html': '<p>{{ .Email }}</p>' },
  )
  expect(await readAuthConfig(folder)).toEqual({
    settings: {
      siteUrl: 'https://app.example.com',
      autoconfirm: false,
      mailInterval: 90,
      codeLength: 8,
      mailsPerHour: 30,
    },
    smtp: {
      host: 'smtp.example.com',
      port: 465,
      user: 'me',
      pass: 'secret',
      senderAddress: 'claims@example.com',
      senderName: '',
    },
    templates: { invite: { subject: 'Come in', html: '<p>{{ .Email }}</p>' } },
  })
})

test.each([
  ['[auth]\nsite_url = "nonsense"', 'auth.site_url'],
  ['[auth.email]\nmax_frequency = "soon"', 'auth.email.max_frequency'],
  ['[auth.email]\notp_length = 4', 'auth.email.otp_length'],
  ['[auth', ''],
  ['[auth.email.template.invite]\nsubject = "x"\ncontent_path = "./none.html"', 'mail template invite'],
])('%s is an error that names the value', async (config, place) => {
  const refusal = await readAuthConfig(await project(config)).catch((error: unknown) => error)
  expect(refusal).toMatchObject({ code: 'auth_config_invalid' })
  expect(refusal).toHaveProperty('details.reason', expect.stringContaining(place))
})

describe("this project's mails", async () => {
  const { settings, templates } = await readAuthConfig(ROOT)
  const sent: Mail[] = []
  const mailer = createMailer(
    { send: async (mail) => void sent.push(mail), close: () => undefined },
    templates,
  )
  const values = {
    SiteURL: 'https://app.test',
    RedirectTo: 'https://app.test/?a=b&c=d#/incidents/1',
    Email: '<b>@example.com',
    NewEmail: 'new@example.com',
    Token: '123456',
    TokenHash: 'pkce_ab',
    ConfirmationURL: 'https://api.test/verify',
    Data: {},
  }

  test('sign-ups prove their mailbox', () => expect(settings.autoconfirm).toBe(false))

  test.each(MAIL_KINDS)('%s has a template, with plain text and everything escaped', async (kind) => {
    expect(templates[kind]).toBeDefined()
    await mailer.send(kind, 'a@example.com', values)
    const mail = sent.at(-1)
    expect(mail?.html).not.toMatch(/\{\{|<b>@|ZgotmplZ/)
    expect(mail?.text).not.toMatch(/\{\{|&#|<\//)
    // GET /verify would spend the token where a program looks at the links of a mail.
    expect(mail?.html).not.toContain('https://api.test')
  })

  test.each([
    ['confirmation', 'email'],
    ['invite', 'invite'],
    ['magic_link', 'email'],
    ['recovery', 'recovery'],
    ['email_change', 'email_change'],
  ] as const)('the link of %s leads to the page that verifies type %s', async (kind, type) => {
    await mailer.send(kind, 'a@example.com', values)
    const mail = sent.at(-1)
    const href = /href="(.*?)"/.exec(mail?.html ?? '')?.[1]?.replaceAll('&amp;', '&') ?? ''
    const link = new URL(href)
    expect(link.origin + link.pathname).toBe('https://app.test/auth/confirm')
    expect(Object.fromEntries(link.searchParams)).toEqual({
      token_hash: 'pkce_ab',
      type,
      redirect_to: values.RedirectTo,
    })
    expect(mail?.text).toContain(href)
  })

  test.each(['confirmation', 'magic_link', 'recovery', 'reauthentication'] as const)(
    '%s has the code, in its plain text as well',
    async (kind) => {
      await mailer.send(kind, 'a@example.com', values)
      expect(sent.at(-1)?.html).toContain('>123456<')
      expect(sent.at(-1)?.text).toMatch(/^123456$/m)
    },
  )
})
