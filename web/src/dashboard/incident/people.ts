/** The members of an incident: what they are called, and who of them is looking right now. */

import { isRecord } from '../../../../functions-shared/unknown.ts'
import { h, reconcile, setAttribute } from '../../shared/dom.ts'

export interface Person {
  userId: string
  name: string
  role: string
}

/** @throws TypeError where it is no list. */
export function parsePeople(data: unknown): Person[] {
  if (!Array.isArray(data)) throw new TypeError('expected a list of people')
  return data
    .filter(isRecord)
    .flatMap(({ user_id: userId, name, role }) =>
      typeof userId === 'string' && typeof name === 'string'
        ? [{ userId, name, role: typeof role === 'string' ? role : '' }]
        : [],
    )
}

/** Two letters of a name or of an address. */
export function initials(name: string): string {
  const words =
    name
      .split('@')[0]
      ?.split(/[\s._-]+/)
      .filter((word) => word !== '') ?? []
  const letters = words.length > 1 ? [words[0], words.at(-1)] : [words[0]?.slice(0, 2)]
  const text = letters.map((word, index) =>
    Array.from(word ?? '')
      .slice(0, words.length > 1 ? 1 : 2 - index)
      .join(''),
  )
  return text.join('').toUpperCase() || '?'
}

/** The same colour for the same person, everywhere. */
function hueOf(userId: string): string {
  let hash = 0
  for (const character of userId) hash = (hash * 31 + character.charCodeAt(0)) % 360
  return String(Math.round(hash / 30) * 30)
}

export function avatar(person: Pick<Person, 'userId' | 'name'>): HTMLElement {
  const element = h('span', { class: 'avatar', attrs: { 'aria-hidden': 'true' } }, initials(person.name))
  element.style.setProperty('--hue', hueOf(person.userId))
  return element
}

const SHOWN = 4

export interface PeopleView {
  update(present: readonly Person[], self: string): void
}

/** @param element stays empty while nobody else is there. */
export function createPeopleView(element: HTMLElement): PeopleView {
  const list = h('ul', { class: 'people__list' })
  const more = h('span', { class: 'people__more' })
  element.replaceChildren(list, more)
  return {
    update(present, self) {
      const others = present.filter(({ userId }) => userId !== self)
      element.hidden = others.length === 0
      setAttribute(list, 'aria-label', 'Also looking at this incident')
      reconcile(list, others.slice(0, SHOWN), {
        key: ({ userId, name }) => `${userId} ${name}`,
        create: (person) =>
          h(
            'li',
            { attrs: { title: `${person.name} is looking at this, too` } },
            avatar(person),
            h('span', { class: 'visually-hidden' }, person.name),
          ),
      })
      more.textContent = others.length > SHOWN ? `+${others.length - SHOWN}` : ''
    },
  }
}
