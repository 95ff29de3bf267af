/** The requests about people on a case and about the staff, with the rights of the signed-in user. */

import type { PostgrestError, SupabaseClient } from '@supabase/supabase-js'
import { AppError } from '../../../../functions-shared/app-error.ts'
import type { Database } from '../../../../functions-shared/database.types.ts'
import { ERROR_CODES, type ErrorCode } from '../../../../functions-shared/error-codes.ts'
import { isRecord } from '../../../../functions-shared/unknown.ts'
import { type Person, parsePeople } from '../incident/person.ts'
import type { CaseState } from '../records.ts'
import { INVITATION_COLUMNS, type Invitation, parseInvitations } from './invitation.ts'
import type { StaffRole } from './places.ts'

export interface StaffPerson {
  userId: string
  name: string
  email: string
  role: StaffRole
}

/** All functions reject with an AppError of a refusal, or with the error of a request without an answer. */
export interface PeopleBackend {
  people(incidentId: string): Promise<Person[]>
  /** @param incidentId null: invitations to the staff. */
  invitations(incidentId: string | null): Promise<Invitation[]>
  /** Empty for people who are not staff. */
  staff(): Promise<StaffPerson[]>
  /** @returns whether the person is on the case now, or invited. */
  addMember(incidentId: string, email: string, role: string): Promise<'added' | 'invited'>
  removeMember(incidentId: string, userId: string): Promise<void>
  setMemberRole(incidentId: string, userId: string, role: string): Promise<void>
  assign(incidentId: string, userId: string): Promise<void>
  take(incidentId: string): Promise<void>
  setState(incidentId: string, state: CaseState): Promise<void>
  withdraw(invitationId: string): Promise<void>
  /** Takes the places that wait for the user's address. @returns how many there were. */
  acceptInvitations(): Promise<number>
  addStaff(email: string, role: StaffRole): Promise<'added' | 'invited'>
  setStaffRole(userId: string, role: StaffRole): Promise<void>
  removeStaff(userId: string): Promise<void>
}

export function createPeopleBackend(supabase: SupabaseClient<Database>): PeopleBackend {
  return {
    people: async (incidentId) =>
      parsePeople(accepted(await supabase.rpc('incident_people', { p_incident_id: incidentId }))),
    async invitations(incidentId) {
      const query = supabase.from('invitations').select(INVITATION_COLUMNS).order('email')
      const filtered =
        incidentId === null ? query.is('incident_id', null) : query.eq('incident_id', incidentId)
      return parseInvitations(accepted(await filtered))
    },
    staff: async () => parseStaff(accepted(await supabase.rpc('staff_people'))),
    addMember: async (incidentId, email, role) =>
      statusOf(
        accepted(
          await supabase.rpc('add_member', { p_incident_id: incidentId, p_email: email, p_role: role }),
        ),
      ),
    async removeMember(incidentId, userId) {
      accepted(await supabase.rpc('remove_member', { p_incident_id: incidentId, p_user_id: userId }))
    },
    async setMemberRole(incidentId, userId, role) {
      accepted(
        await supabase.rpc('set_member_role', {
          p_incident_id: incidentId,
          p_user_id: userId,
          p_role: role,
        }),
      )
    },
    async assign(incidentId, userId) {
      accepted(await supabase.rpc('assign_incident', { p_incident_id: incidentId, p_user_id: userId }))
    },
    async take(incidentId) {
      accepted(await supabase.rpc('take_incident', { p_incident_id: incidentId }))
    },
    async setState(incidentId, state) {
      accepted(await supabase.rpc('set_incident_state', { p_incident_id: incidentId, p_state: state }))
    },
    async withdraw(invitationId) {
      accepted(await supabase.rpc('withdraw_invitation', { p_invitation_id: invitationId }))
    },
    async acceptInvitations() {
      const count = accepted(await supabase.rpc('accept_invitations'))
      return typeof count === 'number' ? count : 0
    },
    addStaff: async (email, role) =>
      statusOf(accepted(await supabase.rpc('add_staff', { p_email: email, p_role: role }))),
    async setStaffRole(userId, role) {
      accepted(await supabase.rpc('set_staff_role', { p_user_id: userId, p_role: role }))
    },
    async removeStaff(userId) {
      accepted(await supabase.rpc('remove_staff', { p_user_id: userId }))
    },
  }
}

function accepted({ data, error }: { data: unknown; error: PostgrestError | null }): unknown {
  if (error === null) return data
  throw isCode(error.message) ? new AppError(error.message, { cause: error }) : error
}

function isCode(text: string): text is ErrorCode {
  return Object.hasOwn(ERROR_CODES, text)
}

function statusOf(data: unknown): 'added' | 'invited' {
  return isRecord(data) && data.status === 'added' ? 'added' : 'invited'
}

function parseStaff(data: unknown): StaffPerson[] {
  if (!Array.isArray(data)) throw new TypeError('expected a list of staff')
  return data
    .filter(isRecord)
    .flatMap(({ user_id: userId, name, email, role }) =>
      typeof userId === 'string' && typeof name === 'string' && (role === 'handler' || role === 'admin')
        ? [{ userId, name, email: typeof email === 'string' ? email : '', role }]
        : [],
    )
}
