/** Where case notes are stored: in the table, and in the browser while they are not sent. */

import type { SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../../functions-shared/app-error.ts'
import type { Database } from '../../../../functions-shared/database.types.ts'
import { ERROR_CODES, type ErrorCode } from '../../../../functions-shared/error-codes.ts'
import { keptKey } from '../kept-data.ts'
import { type CaseNote, type Draft, NOTES_PAGE, type NotesRepository, parseNote } from './notes-store.ts'

const COLUMNS = 'id, author_id, body, created_at'

export function createNotesRepository(
  supabase: SupabaseClient<Database>,
  incidentId: string,
): NotesRepository {
  return {
    async list(before) {
      let query = supabase
        .from('case_notes')
        .select(COLUMNS)
        .eq('incident_id', incidentId)
        .order('created_at', { ascending: false })
        .order('id', { ascending: false })
        .limit(NOTES_PAGE)
      if (before !== null) {
        const { createdAt, id } = before
        query = query.or(`created_at.lt."${createdAt}",and(created_at.eq."${createdAt}",id.lt.${id})`)
      }
      const { data, error } = await query
      if (error) throw error
      return data
        .map(parseNote)
        .filter((note): note is CaseNote => note !== null)
        .reverse()
    },
    async add(id, body, mentions) {
      const { data, error } = await supabase.rpc('add_case_note', {
        p_incident_id: incidentId,
        p_body: body,
        p_note_id: id,
        ...(mentions.length === 0 ? {} : { p_mentions: [...mentions] }),
      })
      if (error) throw isCode(error.message) ? new AppError(error.message, { cause: error }) : error
      const note = parseNote(data)
      if (note === null) throw new TypeError('add_case_note answered with something else than a note')
      return note
    },
  }
}

/** @param storage null where the browser blocks it. */
export function createOutbox(storage: Storage | null, userId: string, incidentId: string) {
  const key = keptKey('notes', userId, incidentId)
  return {
    read(): unknown {
      try {
        return JSON.parse(storage?.getItem(key) ?? '[]')
      } catch {
        return []
      }
    },
    write(drafts: readonly Draft[]): void {
      try {
        if (drafts.length === 0) storage?.removeItem(key)
        else storage?.setItem(key, JSON.stringify(drafts))
      } catch {
        // The storage is full: the note is sent from memory while the page is open.
      }
    },
  }
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text)
}
