/** Icons of what is loaded after the first paint: path data on a 16 by 16 grid. */

import { svgIcon } from '../../shared/dom.ts'

const PATHS = {
  camera: [
    'M2 5.5A1.5 1.5 0 0 1 3.5 4h1.3l1-1.5h4.4l1 1.5h1.3A1.5 1.5 0 0 1 14 5.5v6a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 2 11.5v-6Z',
    'M8 6a2.3 2.3 0 1 0 0 4.6A2.3 2.3 0 0 0 8 6Z',
  ],
  chevronLeft: ['M10 3 5 8l5 5'],
  chevronRight: ['M6 3l5 5-5 5'],
  close: ['M3.5 3.5l9 9', 'M12.5 3.5l-9 9'],
  copy: [
    'M6 5.5h6A1.5 1.5 0 0 1 13.5 7v5A1.5 1.5 0 0 1 12 13.5H7A1.5 1.5 0 0 1 5.5 12V6',
    'M3 10.5a.5.5 0 0 1-.5-.5V4A1.5 1.5 0 0 1 4 2.5h6a.5.5 0 0 1 .5.5',
  ],
  download: ['M8 2v8', 'M4.8 7 8 10.2 11.2 7', 'M2.5 13.5h11'],
  file: [
    'M9.5 2H4.5A1.5 1.5 0 0 0 3 3.5v9A1.5 1.5 0 0 0 4.5 14h7a1.5 1.5 0 0 0 1.5-1.5v-7L9.5 2Z',
    'M9.5 2v3.5H13',
    'M5.5 8.5h5',
    'M5.5 11h3.5',
  ],
  info: ['M8 1.8a6.2 6.2 0 1 0 0 12.4A6.2 6.2 0 0 0 8 1.8Z', 'M8 7.3v3.6', 'M8 5v.01'],
  pin: [
    'M8 14s4.5-3.8 4.5-7.5a4.5 4.5 0 0 0-9 0C3.5 10.2 8 14 8 14Z',
    'M8 5a1.6 1.6 0 1 0 0 3.2A1.6 1.6 0 0 0 8 5Z',
  ],
  plus: ['M8 3v10', 'M3 8h10'],
  send: ['M2.5 8 13.5 2.8 10.5 13.5 7.5 9 2.5 8Z', 'M13.5 2.8 7.5 9'],
  upload: ['M8 10.5V2.5', 'M4.8 5.7 8 2.5l3.2 3.2', 'M2.5 13.5h11'],
} as const satisfies Record<string, readonly string[]>

export type ExtraIcon = keyof typeof PATHS

export function extraIcon(name: ExtraIcon): SVGSVGElement {
  return svgIcon(PATHS[name])
}
