/** The dashboard's icons: path data on a 16 by 16 grid. */

import { svgIcon } from '../shared/dom.ts'

const PATHS = {
  alert: [
    'M8 5v3.5',
    'M8 11v.01',
    'M7.1 2.3 1.6 11.9a1 1 0 0 0 .9 1.6h11a1 1 0 0 0 .9-1.6L8.9 2.3a1 1 0 0 0-1.8 0Z',
  ],
  arrowLeft: ['M9.5 3.5 5 8l4.5 4.5'],
  attachment: [
    'M9.5 2H4.5A1.5 1.5 0 0 0 3 3.5v9A1.5 1.5 0 0 0 4.5 14h7a1.5 1.5 0 0 0 1.5-1.5v-7L9.5 2Z',
    'M9.5 2v3.5H13',
  ],
  audio: [
    'M8 1.8a2 2 0 0 0-2 2v4a2 2 0 0 0 4 0v-4a2 2 0 0 0-2-2Z',
    'M3.5 7.5a4.5 4.5 0 0 0 9 0',
    'M8 12v2.2',
  ],
  check: ['M3.5 8.5l3 3 6-7'],
  inbox: [
    'M2 9h3.2l1 2h3.6l1-2H14',
    'M2 9l2-5.4A1 1 0 0 1 5 3h6a1 1 0 0 1 1 .6L14 9v3a1 1 0 0 1-1 1H3a1 1 0 0 1-1-1V9Z',
  ],
  photo: [
    'M3.5 3h9A1.5 1.5 0 0 1 14 4.5v7a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-7A1.5 1.5 0 0 1 3.5 3Z',
    'M2.2 11.5 6 8l3 2.8L10.8 9l3 2.7',
    'M10.5 6v.01',
  ],
  pulse: ['M1.5 8.5h3l2-5 3 9 2-4h3'],
  refresh: ['M13.5 8a5.5 5.5 0 1 1-1.7-4', 'M13.5 2v3h-3'],
  wifiOff: [
    'M2 2l12 12',
    'M3.2 7.3a7 7 0 0 1 2.6-1.6',
    'M8.5 5a7 7 0 0 1 4.3 2.3',
    'M5.5 9.8a3.6 3.6 0 0 1 3.5-.8',
    'M8 12.3v.01',
  ],
} as const satisfies Record<string, readonly string[]>

export type IconName = keyof typeof PATHS

export function icon(name: IconName): SVGSVGElement {
  return svgIcon(PATHS[name])
}
