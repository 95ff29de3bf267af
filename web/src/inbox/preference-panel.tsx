/** What reaches the user, and how: one choice for each kind of message. Saved at once. */

import './preference-panel.css'
import { useSignal } from '@preact/signals'
import { useEffect } from 'preact/hooks'
import {
  PREFERENCE_CHOICES,
  PREFERENCE_KINDS,
  type PreferenceChoice,
  type PreferenceSource,
} from './preferences.ts'

type Status = 'loading' | 'ready' | 'saved' | 'failed'

const STATUS_WORDS: Readonly<Record<Status, string>> = {
  loading: 'Loading',
  ready: '',
  saved: 'Saved.',
  failed: 'The server did not answer. Try again in a moment.',
}

export function PreferencePanel({ source }: { source: PreferenceSource }) {
  const choices = useSignal<ReadonlyMap<string, PreferenceChoice>>(new Map())
  const status = useSignal<Status>('loading')

  useEffect(() => {
    let here = true
    source.read().then(
      (read) => {
        if (!here) return
        choices.value = read
        status.value = 'ready'
      },
      () => {
        if (here) status.value = 'failed'
      },
    )
    return () => {
      here = false
    }
  }, [source, choices, status])

  async function save(kind: string, choice: PreferenceChoice): Promise<void> {
    const before = choices.value
    choices.value = new Map([...before, [kind, choice]])
    try {
      await source.save(kind, choice)
      status.value = 'saved'
    } catch {
      choices.value = before
      status.value = 'failed'
    }
  }

  return (
    <div class="cw-preferences">
      <p class="cw-preferences__about">
        “As suggested” shows everything on the page, but for finished work and changes of members on cases of
        others: these are in the inbox only.
      </p>
      {PREFERENCE_KINDS.map(([kind, label]) => (
        <label key={kind} class="cw-preferences__row">
          <span>{label}</span>
          <select
            class="cw-inbox__kind"
            disabled={status.value === 'loading'}
            onChange={({ currentTarget }) =>
              void save(kind, PREFERENCE_CHOICES[currentTarget.selectedIndex]?.[0] ?? null)
            }
          >
            {PREFERENCE_CHOICES.map(([choice, words]) => (
              <option key={words} selected={(choices.value.get(kind) ?? null) === choice}>
                {words}
              </option>
            ))}
          </select>
        </label>
      ))}
      <p class="cw-preferences__status" role="status">
        {STATUS_WORDS[status.value]}
      </p>
    </div>
  )
}
