/** Parts that sections of an incident share: status, progress, failure, buttons. */

import { h, setText } from '../../shared/dom.ts'
import { sentence } from '../../shared/format.ts'
import { failureReason } from '../../shared/missing-fields.ts'
import { icon } from '../icons.ts'
import type { Job } from '../records.ts'
import { type CardStatus, STATUS_LABELS } from '../status-labels.ts'
import { type ExtraIcon, extraIcon } from './extra-icons.ts'

export function iconButton(
  name: ExtraIcon,
  label: string,
  onClick: () => void,
  className = '',
): HTMLButtonElement {
  return h(
    'button',
    {
      class: `icon-button ${className}`.trim(),
      attrs: { type: 'button', 'aria-label': label, title: label },
      on: { click: onClick },
    },
    extraIcon(name),
  )
}

export function smallButton(name: ExtraIcon | null, label: string, onClick: () => void): HTMLButtonElement {
  return h(
    'button',
    { class: 'button button--small', attrs: { type: 'button' }, on: { click: onClick } },
    name === null ? null : extraIcon(name),
    h('span', {}, label),
  )
}

/** The live state of a job: a pill, what it is doing, a bar; and where it failed, why, and a way to try again. */
export class JobStatusView {
  readonly pill = h('span', { class: 'pill' })
  readonly bar = h(
    'div',
    { class: 'bar bar--line', attrs: { role: 'progressbar', 'aria-valuemin': 0, 'aria-valuemax': 100 } },
    h('div', {}),
  )
  readonly failure: HTMLElement
  readonly #reason = h('p', { class: 'card__reason' })
  readonly #retry = h(
    'button',
    { class: 'button button--small', attrs: { type: 'button' } },
    icon('refresh'),
    'Retry',
  )
  #job: Job | null = null

  constructor(retry: (jobId: string) => void) {
    this.#retry.addEventListener('click', () => {
      if (this.#job !== null) retry(this.#job.id)
    })
    this.failure = h('div', { class: 'row-failure' }, this.#reason, this.#retry)
  }

  /** Says something else of a failure. @param retryable whether trying again alone is of use. */
  explain(reason: string | null, retryable: boolean): void {
    if (reason !== null) setText(this.#reason, reason)
    this.#retry.hidden = !retryable
  }

  /** @param title what the work is about. @returns what it is doing; empty when it is not at work. */
  update(job: Job | null, title: string, retrying: boolean): string {
    this.#job = job
    const status: CardStatus = job?.status ?? 'received'
    setText(this.pill, STATUS_LABELS[status])
    this.pill.dataset.status = status
    // For those who are asked for it.
    this.pill.title = job?.errorCode ?? ''
    const working = job !== null && (status === 'processing' || status === 'queued')
    this.bar.hidden = !working
    if (working) {
      this.bar.setAttribute('aria-label', `Progress of ${title}`)
      this.bar.setAttribute('aria-valuenow', String(job.progress))
      this.bar.style.setProperty('--progress', String(job.progress / 100))
      this.bar.classList.toggle('bar--waiting', status === 'queued')
    }
    this.failure.hidden = status !== 'failed'
    if (job !== null && status === 'failed') this.#showFailure(job, title, retrying)
    if (status === 'queued') return 'Waiting for its turn'
    return job !== null && status === 'processing' ? `${stageOf(job)} · ${job.progress}%` : ''
  }

  #showFailure(job: Job, title: string, retrying: boolean): void {
    setText(this.#reason, job.error === null ? 'It could not be done.' : failureReason(job.error))
    this.#retry.disabled = retrying
    this.#retry.classList.toggle('is-busy', retrying)
    this.#retry.setAttribute('aria-label', `Retry ${title}`)
  }
}

function stageOf(job: Job): string {
  return job.stage === null ? 'Starting' : sentence(job.stage)
}

/** Follows a URL that saves a file. */
export function followDownload(url: string): void {
  const link = h('a', { attrs: { href: url, rel: 'noopener', download: '' } })
  document.body.append(link)
  link.click()
  link.remove()
}

/** Seconds as `m:ss`, or `h:mm:ss`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds))
  const two = (value: number): string => String(value).padStart(2, '0')
  const hours = Math.floor(whole / 3_600)
  const minutes = Math.floor((whole % 3_600) / 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`
}
