/** Events of a queue or incident topic, the same in the leading tab and in the others. */

import type { ClientErrorCode } from '../../../../functions-shared/client-error-codes.ts'

export type TopicEvent =
  /** Joined. Earlier messages were not heard: read the rows. */
  | { type: 'joined' }
  /** Left. No message is heard until the next `joined`. */
  | { type: 'left' }
  | { type: 'refused'; code: ClientErrorCode }
  /** `payload` is an ArrayBuffer for binary messages. */
  | { type: 'message'; event: string; payload: unknown }
  /** Sorted ids of the present users. */
  | { type: 'presence'; userIds: string[] }

/** Must not throw. */
export type TopicListener = (event: TopicEvent) => void
