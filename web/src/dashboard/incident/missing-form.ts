/** A form for what a report could not be made without: saves it in the incident, then the report is tried again. */

import { h } from '../../shared/dom.ts'
import { missingFields } from '../../shared/missing-fields.ts'
import type { Incident, Report } from '../records.ts'

/** What of an incident can be supplied here. */
export interface Completion {
  /** Day, as `yyyy-mm-dd`. */
  occurredOn?: string
  description?: string
}

export interface MissingForm {
  element: HTMLFormElement
  /** @param lacking what to ask for; nothing hides the form. What was typed stays. */
  update(lacking: readonly Lacking[]): void
}

export type Lacking = 'occurredOn' | 'description'

/** @returns null when it was saved; else what went wrong, for people. */
export type SaveCompletion = (completion: Completion) => Promise<string | null>

const LACKING: Readonly<Record<string, Lacking | undefined>> = {
  incident_date: 'occurredOn',
  description: 'description',
}

const MAX_DESCRIPTION = 20_000

/** What the report was refused for and the incident, which somebody may have completed meanwhile, still lacks. */
export function lackingOf(report: Report, incident: Incident): Lacking[] {
  if (report.job?.status !== 'failed') return []
  return missingFields(report.job.error)
    .map((field) => LACKING[field])
    .filter((field) => field !== undefined)
    .filter((field) => (incident[field] ?? '').trim() === '')
}

/** @param saved the form is about to go: the focus has to be somewhere else. */
export function createMissingForm(id: string, save: SaveCompletion, saved: () => void): MissingForm {
  const date = h('input', {
    class: 'input',
    attrs: { type: 'date', id: `${id}-date`, min: '1900-01-01', required: true },
  })
  const description = h('textarea', {
    class: 'input missing-form__text',
    attrs: { id: `${id}-description`, rows: 3, maxlength: MAX_DESCRIPTION, required: true },
  })
  const fields: Record<Lacking, { row: HTMLElement; input: HTMLInputElement | HTMLTextAreaElement }> = {
    occurredOn: { row: field(date, 'Date of the crash'), input: date },
    description: { row: field(description, 'What happened?'), input: description },
  }
  const error = h('p', { class: 'missing-form__error', attrs: { role: 'alert' } })
  const submit = h(
    'button',
    { class: 'button button--primary button--small', attrs: { type: 'submit' } },
    'Save and make the report',
  )
  const element = h(
    'form',
    { class: 'missing-form', on: { submit: (event) => void send(event) } },
    fields.occurredOn.row,
    fields.description.row,
    error,
    submit,
  )
  let saving = false

  async function send(event: Event): Promise<void> {
    event.preventDefault()
    if (saving) return
    become(true)
    error.textContent = ''
    const completion: Completion = {}
    if (!fields.occurredOn.row.hidden) completion.occurredOn = date.value
    if (!fields.description.row.hidden) completion.description = description.value.trim()
    const problem = await save(completion)
    error.textContent = problem ?? ''
    become(false)
    if (problem === null) saved()
  }

  function become(next: boolean): void {
    saving = next
    submit.disabled = next
    element.setAttribute('aria-busy', String(next))
  }

  return {
    element,
    update(lacking) {
      element.hidden = lacking.length === 0
      for (const name of Object.keys(fields) as Lacking[]) {
        const { row, input } = fields[name]
        row.hidden = !lacking.includes(name)
        // What is not shown must not be asked for.
        input.disabled = row.hidden
      }
      // The day where the user is: what is later has not happened yet.
      date.max = dayOf(new Date())
    },
  }
}

function field(input: HTMLElement, label: string): HTMLElement {
  return h('div', { class: 'field' }, h('label', { attrs: { for: input.id } }, label), input)
}

function dayOf(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, '0')
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
