/** What a user wants of each kind of message: the words of the kinds and choices, and reading and saving choices. */

import type { SupabaseClient } from '@supabase/supabase-js'

/** As in `notification_preferences.kind`. */
export const PREFERENCE_KINDS: readonly (readonly [kind: string, label: string])[] = [
  ['mention', 'Somebody mentions you'],
  ['assignment', 'A case is assigned'],
  ['new_case', 'A new case, or you are added to one'],
  ['note', 'A new note'],
  ['state', 'A case changes its state'],
  ['people', 'Members come and go'],
  ['report', 'A report is ready'],
  ['work_failed', 'Work on a file failed'],
  ['work_done', 'Work on a file is done'],
  ['work_started', 'Work on a file starts'],
]

/** Null: as suggested for the user's role on the case. */
export type PreferenceChoice = 'page' | 'inbox' | 'nothing' | null

export const PREFERENCE_CHOICES: readonly (readonly [choice: PreferenceChoice, label: string])[] = [
  [null, 'As suggested'],
  ['page', 'On the page and in the inbox'],
  ['inbox', 'In the inbox only'],
  ['nothing', 'Nothing'],
]

/** Both methods reject where the server does not answer. */
export interface PreferenceSource {
  /** The kinds that are not as suggested. */
  read(): Promise<Map<string, PreferenceChoice>>
  save(kind: string, choice: PreferenceChoice): Promise<void>
}

export function createPreferenceSource(supabase: Pick<SupabaseClient, 'from' | 'rpc'>): PreferenceSource {
  return {
    async read() {
      const { data, error } = await supabase.from('notification_preferences').select('kind, choice')
      if (error) throw error
      return new Map(
        data.map(({ kind, choice }): [string, PreferenceChoice] => [
          String(kind),
          PREFERENCE_CHOICES.find(([each]) => each === choice)?.[0] ?? null,
        ]),
      )
    },
    async save(kind, choice) {
      const { error } = await supabase.rpc('set_notification_preference', {
        p_kind: kind,
        ...(choice === null ? {} : { p_choice: choice }),
      })
      if (error) throw error
    },
  }
}
