/** A drawn map of the world with a mark where a photo was taken. No map service learns of the place. */

import './locator.css'
import type { Position } from '../records.ts'

/** Coasts, very roughly: longitude and latitude in turn, degrees. */
const LAND: readonly string[] = [
  '-168 66 -156 71 -128 70 -95 72 -82 68 -80 62 -94 58 -82 52 -78 58 -65 60 -56 52 -66 46 -70 42 -76 36 -81 31 -81 25 -84 30 -97 27 -97 20 -88 21 -88 16 -83 9 -78 9 -80 7 -86 12 -95 16 -105 20 -112 29 -117 33 -124 41 -124 48 -135 58 -150 60 -158 56 -166 60',
  '-78 8 -72 12 -60 9 -50 0 -35 -6 -39 -16 -48 -26 -58 -36 -65 -42 -69 -52 -74 -50 -73 -38 -70 -20 -81 -5',
  '-10 36 -9 43 -1 44 -5 48 4 52 9 57 6 62 15 69 28 71 41 66 60 69 75 72 100 77 130 72 160 70 179 67 170 60 162 58 156 52 155 60 140 59 135 54 140 48 129 42 127 35 122 39 118 38 122 30 115 22 108 20 109 11 103 10 104 2 100 8 97 17 90 22 80 15 77 8 73 18 67 25 57 26 52 29 50 30 56 24 59 22 52 16 44 13 39 21 35 29 35 36 27 37 27 41 22 38 18 40 12 45 16 39 8 44 3 42 -2 37',
  '-6 36 10 37 11 33 20 31 33 31 38 20 43 11 51 12 47 3 40 -4 40 -15 35 -22 32 -29 26 -34 18 -34 12 -18 13 -6 9 0 8 4 -8 5 -17 14 -16 23 -10 30',
  '114 -22 122 -18 130 -12 136 -12 136 -16 141 -11 146 -19 153 -27 150 -37 140 -38 132 -32 116 -35',
  '-45 60 -22 70 -20 80 -45 83 -70 78 -55 70',
  '-5 50 1 51 -2 56 -5 58 -5 54',
  '130 31 136 34 141 36 141 42 145 44 140 45 139 38 132 34',
  '44 -25 47 -25 50 -16 49 -12 44 -17',
  '109 1 117 6 119 1 116 -4 110 -3',
  '132 -2 141 -3 150 -10 143 -9 138 -8',
  '173 -41 178 -38 174 -34 175 -40 168 -46 167 -45',
]

const PARALLELS = [-60, -30, 0, 30, 60]
const MERIDIANS = [-150, -120, -90, -60, -30, 0, 30, 60, 90, 120, 150]

export function Locator({ position }: { position: Position }) {
  const [x, y] = [position.longitude, -position.latitude]
  return (
    <svg class="locator" viewBox="-180 -85 360 150" aria-hidden="true">
      {PARALLELS.map((line) => (
        <path key={line} class="locator__grid" d={`M-180 ${-line}H180`} />
      ))}
      {MERIDIANS.map((line) => (
        <path key={line} class="locator__grid" d={`M${line} -85V65`} />
      ))}
      {LAND.map((coast) => (
        <path key={coast} class="locator__land" d={outline(coast)} />
      ))}
      <path class="locator__cross" d={`M${x} -85V65M-180 ${y}H180`} />
      <circle class="locator__halo" cx={x} cy={y} r="9" />
      <circle class="locator__dot" cx={x} cy={y} r="4" />
    </svg>
  )
}

/** Degrees as people write them, e.g. `48.13720° N, 11.57550° E`. */
export function coordinates({ latitude, longitude }: Position): string {
  const part = (value: number, positive: string, negative: string): string =>
    `${Math.abs(value).toFixed(5)}° ${value < 0 ? negative : positive}`
  return `${part(latitude, 'N', 'S')}, ${part(longitude, 'E', 'W')}`
}

export function mapUrl({ latitude, longitude }: Position): string {
  const [lat, lon] = [latitude.toFixed(6), longitude.toFixed(6)]
  return `https://www.openstreetmap.org/?mlat=${lat}&mlon=${lon}#map=17/${lat}/${lon}`
}

function outline(coast: string): string {
  const numbers = coast.split(' ').map(Number)
  const points = numbers.flatMap((value, index) =>
    index % 2 === 0 ? [`${value} ${-(numbers[index + 1] ?? 0)}`] : [],
  )
  return `M${points.join('L')}Z`
}
