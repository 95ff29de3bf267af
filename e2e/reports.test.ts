/** Reports end to end: a claim makes a report; members can read it and strangers cannot; other programs check the file. */

import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { buildTypeformResponse } from '../samples/typeform.ts'
import { withClient } from '../stack/testing/database.ts'
import { endedReport, type Job, newUser, postWebhook, type TestUser } from './support/claims.ts'
import { measureReport } from './support/measure-report.ts'
import { readPdf } from './support/pdf.ts'

let user: TestUser
let incidentId: string
let job: Job

/** Posts a claim as the sample form sends it. */
async function postDetailedClaim(owner: TestUser): Promise<string> {
  const files = [`${inject('fileOrigin')}/good.jpg`, `${inject('fileOrigin')}/truncated.jpg`]
  const response = buildTypeformResponse({ userId: owner.id, email: owner.email, files, details: true })
  const answer = await postWebhook(JSON.stringify(response))
  expect(answer.status).toBe(200)
  return (answer.body as { incident_id: string }).incident_id
}

async function reportsOf(owner: TestUser, id: string) {
  const { data, error } = await owner.client
    .from('reports')
    .select()
    .eq('incident_id', id)
    .order('created_at')
  expect(error).toBeNull()
  return data ?? []
}

async function download(owner: TestUser, path: string): Promise<Buffer | null> {
  const { data } = await owner.client.storage.from('reports').download(path)
  return data === null ? null : Buffer.from(await data.arrayBuffer())
}

beforeAll(async () => {
  user = await newUser()
  incidentId = await postDetailedClaim(user)
  job = await endedReport(user, incidentId)
})

describe('a claim whose photos have ended', () => {
  test('gets one report without a request, with a message to its owner', async () => {
    expect(job).toMatchObject({ status: 'completed', progress: 100, error_code: null })
    const reports = await reportsOf(user, incidentId)
    expect(reports).toMatchObject([{ origin: 'automatic', requested_by: null, job_id: job.id }])

    const { data: messages } = await user.client
      .from('notifications')
      .select('type, payload')
      .like('type', 'pdf_%')
      .order('seq')
    expect(messages?.map(({ type }) => type)).toEqual(['pdf_generation_started', 'pdf_generated'])
    const payload = messages?.[1]?.payload as Record<string, unknown>
    expect(payload).toMatchObject({
      reportId: reports[0]?.id,
      incidentId,
      status: 'completed',
      fileSize: reports[0]?.file_size,
      pdfUrlExpiresAt: expect.any(String),
    })
    const opened = await fetch(String(payload.pdfUrl))
    expect([opened.status, opened.headers.get('content-type')]).toEqual([200, 'application/pdf'])
    expect((await opened.arrayBuffer()).byteLength).toBe(payload.fileSize)
  })

  test('has a report that members can download and strangers cannot', async () => {
    const [report] = await reportsOf(user, incidentId)
    const path = report?.path ?? ''
    expect(path).toBe(`${incidentId}/${report?.id}/${report?.file_name}`)
    const bytes = await download(user, path)
    expect(
      createHash('sha256')
        .update(bytes ?? '')
        .digest('hex'),
    ).toBe(report?.sha256)

    const [stranger, handler] = [await newUser(), await newUser()]
    expect(await download(stranger, path)).toBeNull()
    expect(await reportsOf(stranger, incidentId)).toEqual([])
    const refused = await stranger.client.rpc('request_report', { p_incident_id: incidentId })
    expect([refused.status, refused.error?.message]).toEqual([404, 'incident_not_found'])

    await withClient(inject('stack').db.postgres, (client) =>
      client.query(
        `insert into public.incident_members (incident_id, user_id, role) values ($1, $2, 'handler')`,
        [incidentId, handler.id],
      ),
    )
    expect(await download(handler, path)).toEqual(bytes)
  })

  test('has a report with the form’s answers and the photos’ results', async () => {
    const [report] = await reportsOf(user, incidentId)
    const bytes = (await download(user, report?.path ?? '')) ?? Buffer.alloc(0)
    const { text, pageCount, info, xmp } = await readPdf(bytes)
    const flat = text.replace(/\s+/g, ' ')
    for (const part of [
      'Rear-end collision at the traffic light',
      '20 November 2026',
      'K-2026-118842',
      'Zoë Müller-Sørensen',
      'Γιώργος Παπαδόπουλος',
      'Nguyễn Thị Hường',
      'Дмитрий Щербаков',
      'K-ZM 2041',
      'Photo 1 of the damage',
      'This photo could not be processed: The image file is incomplete.',
    ]) {
      expect(flat).toContain(part)
    }
    expect(pageCount).toBe(report?.page_count)
    expect(info).toMatchObject({ Language: 'en', Title: expect.stringContaining('Rear-end collision') })
    expect(xmp).toContain('<pdfuaid:part>1</pdfuaid:part>')
    const { data: document } = await user.client
      .from('documents')
      .select('sha256')
      .eq('incident_id', incidentId)
      .eq('file_name', 'good.jpg')
      .single()
    expect(text.replace(/\s+/g, '')).toContain(document?.sha256)
  })
})

test('asked for again, and in German, there is another report', async () => {
  const { data: asked, error } = await user.client.rpc('request_report', {
    p_incident_id: incidentId,
    p_language: 'de',
  })
  expect(error).toBeNull()
  expect(asked).toMatchObject({ origin: 'requested', requested_by: user.id, language: 'de' })
  const report = await vi.waitFor(
    async () => {
      const found = (await reportsOf(user, incidentId)).find(({ id }) => id === asked?.id)
      expect(found?.completed_at).not.toBeNull()
      return found
    },
    { timeout: 30_000, interval: 100 },
  )
  const { info, text } = await readPdf((await download(user, report?.path ?? '')) ?? Buffer.alloc(0))
  expect(info).toMatchObject({ Language: 'de' })
  expect(text).toContain('Unfallbericht')
})

test('a claim without a date has no report and a message with the reason, and a retry with a date succeeds', async () => {
  const owner = await newUser()
  const response = buildTypeformResponse({
    userId: owner.id,
    email: owner.email,
    files: [`${inject('fileOrigin')}/good.jpg`],
  })
  const withoutDate = JSON.parse(JSON.stringify(response)) as {
    form_response: { answers: { field: { ref: string } }[] }
  }
  withoutDate.form_response.answers = withoutDate.form_response.answers.filter(
    ({ field }) => field.ref !== 'incident_date',
  )
  const answer = await postWebhook(JSON.stringify(withoutDate))
  const id = (answer.body as { incident_id: string }).incident_id
  const failed = await endedReport(owner, id)
  const error = 'Missing required fields: incident_date'
  expect(failed).toMatchObject({ status: 'failed', error_code: 'report_incomplete', error, attempts: 1 })
  const { data: messages } = await owner.client
    .from('notifications')
    .select('payload')
    .eq('type', 'pdf_generation_failed')
  expect(messages).toMatchObject([{ payload: { status: 'failed', error, errorCode: 'report_incomplete' } }])
  expect((await reportsOf(owner, id))[0]).toMatchObject({ path: null, completed_at: null })

  await withClient(inject('stack').db.postgres, (client) =>
    client.query(`update public.incidents set occurred_on = '2026-11-20' where id = $1`, [id]),
  )
  expect((await owner.client.rpc('requeue_job', { p_job_id: failed.id })).error).toBeNull()
  await vi.waitFor(async () => expect((await endedReport(owner, id)).status).toBe('completed'), {
    timeout: 30_000,
    interval: 100,
  })
})

test('a report with 40 photos of 600 kB stays within the memory of a hosted function', async () => {
  const { pages, bytes, peakBytes } = await measureReport(40, 600_000)
  expect(pages).toBeGreaterThanOrEqual(24)
  expect(bytes).toBeGreaterThan(20_000_000)
  expect(peakBytes).toBeLessThan(256_000_000)
})

test('a report with 150 photos does, too: it shows the later ones small', async () => {
  const { bytes, peakBytes } = await measureReport(150, 600_000)
  expect(bytes).toBeLessThan(50_000_000)
  expect(peakBytes).toBeLessThan(256_000_000)
})

describe('the file, as other programs see it', () => {
  const scratch = mkdtempSync(join(tmpdir(), 'claimwire-report-'))
  const file = join(scratch, 'report.pdf')
  afterAll(() => rmSync(scratch, { recursive: true, force: true }))
  beforeAll(async () => {
    const [report] = await reportsOf(user, incidentId)
    writeFileSync(file, (await download(user, report?.path ?? '')) ?? '')
  })

  test.skipIf(!isInstalled('qpdf'))('qpdf finds nothing wrong', () => {
    expect(output('qpdf', '--check', file)).toContain('No syntax or stream encoding errors found')
  })

  test.skipIf(!isInstalled('pdftotext'))('pdftotext reads every script', () => {
    const text = output('pdftotext', '-enc', 'UTF-8', file, '-')
    for (const name of ['Zoë Müller-Sørensen', 'Nguyễn Thị Hường', 'Щербаков', 'Παπαδόπουλος']) {
      expect(text).toContain(name)
    }
  })

  test.skipIf(!isInstalled('pdfinfo'))('pdfinfo calls it tagged', () => {
    expect(output('pdfinfo', file)).toMatch(/Tagged:\s+yes/)
  })
})

function output(program: string, ...args: string[]): string {
  return execFileSync(program, args, { encoding: 'utf8' })
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('which', [program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
