/** The parts of the library that do not stand in the way of the first message. */

import { Part } from './part.ts'

export type InboxPart = typeof import('./inbox-part.ts')

export const inboxPart = new Part(() => import('./inbox-part.ts'))
export const tabsPart = new Part(() => import('./tabs/tabs-part.ts'))
export const topicsPart = new Part(() => import('./topics/topics-part.ts'))

/** Resolves when all of them are there. */
export async function loadParts(): Promise<void> {
  await Promise.all([inboxPart.ready(), tabsPart.ready(), topicsPart.ready()])
}
