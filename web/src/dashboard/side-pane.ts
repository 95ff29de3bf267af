/** What stands beside an incident, in tabs: notes, its timeline, and the live log. */

import { h } from '../shared/dom.ts'

export interface SidePane {
  element: HTMLElement
  /** For what is loaded later. */
  notes: HTMLElement
  timeline: HTMLElement
  select(tab: SideTab): void
  /** Shows how many notes came while another tab was open. */
  count(tab: SideTab, unread: number): void
  /** Called when a tab is opened. */
  onSelect(listener: (tab: SideTab) => void): void
  readonly selected: SideTab
}

const TABS = { notes: 'Notes', timeline: 'Timeline', live: 'Live log' } as const

export type SideTab = keyof typeof TABS

export function createSidePane(liveLog: HTMLElement): SidePane {
  const notes = h('div', { class: 'tab-panel__fill' }, skeleton())
  const timeline = h('div', {}, skeleton())
  const contents: Record<SideTab, HTMLElement> = { notes, timeline, live: liveLog }
  const names = Object.keys(TABS) as SideTab[]
  let selected: SideTab = 'notes'
  let listener: (tab: SideTab) => void = () => undefined
  const badges = new Map<SideTab, HTMLElement>()

  const tabs = names.map((name) => {
    const badge = h('span', { class: 'tab__count', attrs: { hidden: true } })
    badges.set(name, badge)
    return h(
      'button',
      {
        class: 'tab',
        attrs: { type: 'button', role: 'tab', id: `tab-${name}`, 'aria-controls': `panel-${name}` },
        on: { click: () => select(name), keydown: move },
      },
      TABS[name],
      badge,
    )
  })
  const panels = names.map((name) =>
    h(
      'div',
      {
        class: 'tab-panel',
        attrs: { role: 'tabpanel', id: `panel-${name}`, 'aria-labelledby': `tab-${name}`, tabindex: 0 },
      },
      contents[name],
    ),
  )

  function select(tab: SideTab): void {
    selected = tab
    names.forEach((name, index) => {
      tabs[index]?.setAttribute('aria-selected', String(name === tab))
      tabs[index]?.setAttribute('tabindex', name === tab ? '0' : '-1')
      const panel = panels[index]
      if (panel !== undefined) panel.hidden = name !== tab
    })
    listener(tab)
  }

  function move(event: KeyboardEvent): void {
    const steps: Readonly<Record<string, number | undefined>> = { ArrowLeft: -1, ArrowRight: 1 }
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    const index = (names.indexOf(selected) + step + names.length) % names.length
    select(names[index] ?? selected)
    tabs[index]?.focus()
  }

  select(selected)
  return {
    element: h(
      'aside',
      { class: 'side', attrs: { 'aria-label': 'Notes and events' } },
      h('div', { class: 'tabs', attrs: { role: 'tablist', 'aria-label': 'Notes and events' } }, ...tabs),
      ...panels,
    ),
    notes,
    timeline,
    select,
    count(tab, unread) {
      const badge = badges.get(tab)
      if (badge === undefined) return
      badge.hidden = unread === 0
      badge.textContent = unread === 0 ? '' : String(unread)
    },
    onSelect(next) {
      listener = next
    },
    get selected() {
      return selected
    },
  }
}

function skeleton(): HTMLElement {
  return h(
    'div',
    { class: 'row-skeleton', attrs: { 'aria-hidden': 'true' } },
    h('span', { class: 'skeleton' }),
    h('span', { class: 'skeleton skeleton--short' }),
  )
}
