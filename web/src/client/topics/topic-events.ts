/** What happens on a topic beside the user's own: the same whether this tab or another has the socket. */

import type { ClientErrorCode } from '../../../../functions-shared/client-error-codes.ts'

export type TopicEvent =
  /** What came before was not heard; read it. */
  | { type: 'joined' }
  /** Nothing is heard until it is joined again. */
  | { type: 'left' }
  | { type: 'refused'; code: ClientErrorCode }
  /** `payload` is an ArrayBuffer for binary messages. */
  | { type: 'message'; event: string; payload: unknown }
  /** Ids of the users who are there, sorted; each says its own. */
  | { type: 'presence'; userIds: string[] }

/** Must not throw. */
export type TopicListener = (event: TopicEvent) => void
