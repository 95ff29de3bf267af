/** The inbox's icons: SVG path data on a 16 by 16 grid. */

import type { Topic } from '../shared/message-words.ts'
import type { IconPaths } from '../ui/icon.tsx'

export const INBOX_ICONS = {
  bell: ['M4 7a4 4 0 0 1 8 0c0 3.5 1.5 4.5 1.5 4.5h-11S4 10.5 4 7Z', 'M6.5 13.5a1.6 1.6 0 0 0 3 0'],
  back: ['M6 4 3 7l3 3', 'M3 7h6a4 4 0 0 1 0 8H7'],
  check: ['M3.5 8.5l3 3 6-7'],
  checks: ['M1.5 8.5l3 3 6-7', 'M8 11l.6.5 5.9-7'],
  close: ['M4.5 4.5l7 7', 'M11.5 4.5l-7 7'],
  download: ['M8 2.5v7', 'M5 7l3 3 3-3', 'M3 13h10'],
} as const satisfies Record<string, IconPaths>

/** The icon of a line, by what its message is about. */
export const TOPIC_ICONS: Record<Topic, IconPaths> = {
  file: [
    'M9.5 2H4.5A1.5 1.5 0 0 0 3 3.5v9A1.5 1.5 0 0 0 4.5 14h7a1.5 1.5 0 0 0 1.5-1.5v-7L9.5 2Z',
    'M9.5 2v3.5H13',
  ],
  photo: [
    'M3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7A1.5 1.5 0 0 1 3.5 3Z',
    'M2.2 11.5 6 8l3 2.8L10.8 9l3 2.7',
    'M10.5 6v.01',
  ],
  voice: [
    'M8 1.8a2 2 0 0 0-2 2v4a2 2 0 0 0 4 0v-4a2 2 0 0 0-2-2Z',
    'M3.5 7.5a4.5 4.5 0 0 0 9 0',
    'M8 12v2.2',
  ],
  report: [
    'M9.5 2H4.5A1.5 1.5 0 0 0 3 3.5v9A1.5 1.5 0 0 0 4.5 14h7a1.5 1.5 0 0 0 1.5-1.5v-7L9.5 2Z',
    'M9.5 2v3.5H13',
    'M5.5 8.5h5',
    'M5.5 11h3.5',
  ],
  note: ['M3 3h10v7.5H7.5L4.5 13v-2.500H3Z', 'M5.500 6h5', 'M5.500 8.200h3'],
  people: ['M8 7.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5Z', 'M3.500 13.500a4.500 4.500 0 0 1 9 0'],
  case: ['M2.500 5h11v8h-11Z', 'M6 5V3h4v2'],
  status: ['M1.5 8.5h3l2-5 3 9 2-4h3'],
}
