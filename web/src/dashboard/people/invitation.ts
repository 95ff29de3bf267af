/** A place that waits for the owner of a mailbox, on a case or among the staff. */

import { isRecord } from '../../../../functions-shared/unknown.ts'

export interface Invitation {
  id: string
  email: string
  role: string
  /** `failed`: the mail could not be sent yet. */
  mail: 'due' | 'sent' | 'failed'
}

export const INVITATION_COLUMNS = 'id, email, role, mailed_at, mail_error'

/** @throws TypeError where the answer is not a list. */
export function parseInvitations(data: unknown): Invitation[] {
  if (!Array.isArray(data)) throw new TypeError('expected a list of invitations')
  return data.filter(isRecord).flatMap(({ id, email, role, mailed_at: mailedAt, mail_error: mailError }) =>
    typeof id === 'string' && typeof email === 'string' && typeof role === 'string'
      ? [
          {
            id,
            email,
            role,
            mail:
              typeof mailError === 'string'
                ? ('failed' as const)
                : typeof mailedAt === 'string'
                  ? ('sent' as const)
                  : ('due' as const),
          },
        ]
      : [],
  )
}

export function mailWords({ mail }: Invitation): string {
  if (mail === 'sent') return 'invited, mail sent'
  return mail === 'failed' ? 'invited, the mail could not be sent yet' : 'invited'
}
