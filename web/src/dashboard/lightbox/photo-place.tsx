/** Where a photo was taken, as far as its metadata tells. */

import './photo-place.css'
import { Icon } from '../../ui/icon.tsx'
import { EXTRA_ICONS } from '../incident/extra-icons.ts'
import type { Position } from '../records.ts'
import { coordinates, Locator, mapUrl } from './locator.tsx'

export function PhotoPlace({ position }: { position: Position | null }) {
  if (position === null) return <p class="lightbox__nowhere">The photo does not say where it was taken.</p>
  const { altitude } = position
  return (
    <div>
      <figure class="lightbox__map">
        <Locator position={position} />
      </figure>
      <p class="lightbox__coordinates">
        <Icon paths={EXTRA_ICONS.pin} />
        <span>
          {coordinates(position)}
          {altitude !== null && `, ${Math.round(altitude)} m`}
        </span>
        <a class="link" href={mapUrl(position)} target="_blank" rel="noopener noreferrer">
          OpenStreetMap
        </a>
      </p>
    </div>
  )
}
