import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import type { ServerMessage, TranscriptionMessage } from '../functions-shared/message-types.ts'
import { queueTopic, userTopic } from '../functions-shared/topics.ts'
import { sampleVoiceNotePath } from '../samples/voice-notes.ts'
import { withClient } from '../stack/testing/database.ts'
import { endedJobs, newClient, newUser, openOriginal, postClaim, type TestUser } from './support/claims.ts'

const NOTICE = '[Simulated transcript. No speech was recognised:'

// Retries are the database's business and tested there; here every job has one attempt.
beforeAll(() =>
  withClient(inject('stack').db.postgres, async (client) => {
    await client.query('update private.job_kinds set max_attempts = 1')
  }),
)

/** Every message of a topic, in the order of arrival. */
async function follow(user: TestUser, topic: string): Promise<TranscriptionMessage[]> {
  const received: TranscriptionMessage[] = []
  const deliver = (message: ServerMessage) => {
    if (message.type === 'batch_update') message.messages.forEach(deliver)
    else if ('transcriptionId' in message) received.push(message)
  }
  const channel = user.client.channel(topic, { config: { private: true } })
  channel.on<ServerMessage>('broadcast', { event: '*' }, ({ payload }) => deliver(payload))
  await new Promise<void>((resolve, reject) => {
    channel.subscribe((status, error) => {
      if (status === 'SUBSCRIBED') resolve()
      else reject(new Error(`subscribing to ${topic} ended in ${status}`, { cause: error }))
    })
  })
  return received
}

/** A voice note whose job is in a queue that is known beforehand, so that its first message is not missed. */
async function addVoiceNote(user: TestUser, queueId: string, sourceUrl: string): Promise<void> {
  const [incident, document, transcription, job] = [randomUUID(), randomUUID(), randomUUID(), randomUUID()]
  await withClient(inject('stack').db.postgres, async (client) => {
    await client.query('begin')
    await client.query(
      "insert into public.incidents (id, user_id, title, source) values ($1, $2, 'Crash', 'test')",
      [incident, user.id],
    )
    await client.query(
      `insert into public.jobs (id, kind, user_id, incident_id, queue_id, subject_id, input)
       values ($1, 'transcription', $2, $3, $4, $5, jsonb_build_object('documentId', $6::text))`,
      [job, user.id, incident, queueId, transcription, document],
    )
    await client.query(
      `insert into public.documents (id, incident_id, user_id, job_id, kind, document_type, source_url)
       values ($1, $2, $3, $4, 'audio', 'audio', $5)`,
      [document, incident, user.id, job, sourceUrl],
    )
    await client.query(
      'insert into public.transcriptions (id, document_id, incident_id, user_id, job_id) values ($1, $2, $3, $4, $5)',
      [transcription, document, incident, user.id, job],
    )
    await client.query('commit')
  })
}

describe('a voice note', () => {
  test('sends messages from queued to complete, with partial text, to its user and its queue', async () => {
    const user = await newUser()
    await user.client.rpc('register_device', { p_device_id: randomUUID() })
    const queueId = randomUUID()
    // Who sees a job of the queue may follow it; this one is never due.
    await newClient('secretKey')
      .from('jobs')
      .insert({
        ...{ kind: 'transcription', user_id: user.id, queue_id: queueId, subject_id: randomUUID() },
        next_attempt_at: new Date(Date.now() + 86_400_000).toISOString(),
        max_attempts: 1,
      })
    await user.client.realtime.setAuth()
    const toUser = await follow(user, userTopic(user.id))
    const inQueue = await follow(user, queueTopic(queueId))
    await addVoiceNote(user, queueId, `${inject('fileOrigin')}/voice-note.ogg`)

    for (const received of [toUser, inQueue]) {
      await expect
        .poll(() => received.at(-1)?.type, { timeout: 30_000 })
        .toMatch(/transcription_(complete|failed)/)
      const types = received.map(({ type }) => type)
      const steps = types.filter((type, index) => type !== types[index - 1])
      expect(steps).toEqual([
        'transcription_queued',
        'transcription_processing',
        'transcription_progress',
        'transcription_complete',
      ])
      expect(received.at(-1)).toMatchObject({
        queueId,
        duration: 7.939,
        wordCount: expect.any(Number),
        simulated: true,
      })
      const texts = received.flatMap(({ text }) => (text === undefined ? [] : [text]))
      expect(texts.length).toBeGreaterThan(1)
      expect(texts[0]).toContain(NOTICE)
      for (const [index, text] of texts.entries()) expect(text.startsWith(texts[index - 1] ?? '')).toBe(true)
    }
    expect(toUser.map(({ revision }) => revision)).toEqual(inQueue.map(({ revision }) => revision))
    await user.client.removeAllChannels()
  })

  test.each([
    ['voice-note.wav', 'wav', { codec: 'pcm', sampleRate: 8000, duration: 2.5 }],
    // The format is told by the bytes, not by the file's name.
    ['ogg-called.mp3', 'ogg', { codec: 'opus', sampleRate: 24_000, duration: 7.939 }],
  ] as const)('%s of a claim is kept and transcribed', async (file, note, metadata) => {
    const user = await newUser()
    const incidentId = await postClaim(user, [`${inject('fileOrigin')}/${file}`])
    const [job] = await endedJobs(user, incidentId, 1)
    expect(job).toMatchObject({ kind: 'transcription', status: 'completed', partial: null })

    const { data: transcription } = await user.client.from('transcriptions').select().single()
    expect(transcription).toMatchObject({
      provider: 'openai-compatible',
      model: 'simulator',
      simulated: true,
      text: expect.stringContaining(NOTICE),
      duration: metadata.duration,
      words: [],
      completed_at: expect.any(String),
    })
    expect(transcription?.word_count).toBeGreaterThan(10)

    const { data: document } = await user.client.from('documents').select().single()
    expect(document).toMatchObject({ metadata, duplicate_of: null })
    const bytes = Buffer.from(await (await openOriginal(user, document)).arrayBuffer())
    expect(bytes).toEqual(readFileSync(sampleVoiceNotePath(note)))
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(document?.sha256)
  })

  test('a recording that is called a film is transcribed as well', async () => {
    const user = await newUser()
    const incidentId = await postClaim(user, [`${inject('fileOrigin')}/recorded.mp4`])
    const jobs = await endedJobs(user, incidentId, 2)
    const statuses = new Map(jobs.map(({ kind, status }) => [kind, status]))
    expect(statuses).toEqual(
      new Map([
        ['image', 'completed'],
        ['transcription', 'completed'],
      ]),
    )
    const transcribing = jobs.find(({ kind }) => kind === 'transcription')
    const { data: document } = await user.client.from('documents').select().single()
    expect(document).toMatchObject({
      kind: 'audio',
      job_id: transcribing?.id,
      metadata: { codec: 'aac', duration: 7.985 },
    })
    const { data: transcription } = await user.client.from('transcriptions').select().single()
    expect(transcription?.text).toContain(NOTICE)
  })

  test.each([
    ['photo-called.m4a', 'not_audio'],
    ['truncated.wav', 'audio_truncated'],
  ] as const)('%s ends failed with its own code, and is kept', async (file, code) => {
    const user = await newUser()
    const incidentId = await postClaim(user, [`${inject('fileOrigin')}/${file}`])
    const [job] = await endedJobs(user, incidentId, 1)
    expect(job).toMatchObject({ status: 'failed', error_code: code, error: expect.any(String) })
    const { data } = await user.client
      .from('notifications')
      .select('payload')
      .eq('job_id', job?.id ?? '')
      .order('seq')
    expect(data?.at(-1)?.payload).toMatchObject({ type: 'transcription_failed', errorCode: code })
    const { data: document } = await user.client.from('documents').select().single()
    expect(document?.original_path).not.toBeNull()
    const { data: transcription } = await user.client.from('transcriptions').select().single()
    expect(transcription).toMatchObject({ text: null, completed_at: null })
  })
})

describe('a service that fails', () => {
  const attempts = (count: number) =>
    withClient(inject('stack').db.postgres, async (client) => {
      await client.query(
        "update private.job_kinds set max_attempts = $1, retry_max_seconds = 2 where kind = 'transcription'",
        [count],
      )
    })
  beforeAll(() => attempts(3))
  afterAll(() => attempts(1))

  test('is called again, a busy service not before its retry-after; a service that refuses is not', async () => {
    const user = await newUser()
    await user.client.rpc('register_device', { p_device_id: randomUUID() })
    await user.client.realtime.setAuth()
    const received = await follow(user, userTopic(user.id))
    const names = ['busy.wav', 'failing.wav', 'hanging.wav', 'stalling.wav', 'refused.wav']
    const incidentId = await postClaim(
      user,
      names.map((name) => `${inject('fileOrigin')}/${name}`),
    )
    const jobs = await endedJobs(user, incidentId, names.length)
    expect(jobs.map(({ status, attempts, error_code }) => [status, attempts, error_code])).toEqual([
      ['completed', 2, null],
      ['completed', 3, null],
      ['completed', 2, null],
      ['completed', 2, null],
      ['failed', 1, 'provider_refused'],
    ])
    const { data } = await user.client.from('transcriptions').select('text').not('completed_at', 'is', null)
    // The half of a stream that was cut has left nothing behind.
    expect(data?.map(({ text }) => text?.match(/Simulated/g)?.length)).toEqual([1, 1, 1, 1])

    const busy = received.filter(({ jobId }) => jobId === jobs[0]?.id)
    const refusedAfter = busy.find(({ stage }) => stage === 'transcribing')?.timestamp
    const again = busy.findLast(({ stage }) => stage === 'downloading')?.timestamp
    expect(Date.parse(again ?? '') - Date.parse(refusedAfter ?? '')).toBeGreaterThanOrEqual(2000)
    const ends = received.filter(({ type }) => /_(complete|failed)$/.test(type))
    expect(ends).toHaveLength(names.length)
    await user.client.removeAllChannels()
  })
})
