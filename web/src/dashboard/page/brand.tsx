/** The product's mark and name. */

import './brand.css'
import { Icon } from '../../ui/icon.tsx'
import { ICONS } from '../icons.ts'

export function Brand({ class: name = '' }: { class?: string }) {
  return (
    <span class={`brand ${name}`.trim()}>
      <span class="brand__mark">
        <Icon paths={ICONS.pulse} />
      </span>
      <span class="brand__name">Claimwire</span>
    </span>
  )
}
