/** A button that shows an icon alone. The label is its accessible name and its tooltip. */

import './icon-button.css'
import type { ButtonHTMLAttributes } from 'preact'
import { Icon, type IconPaths } from './icon.tsx'

export interface IconButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'class' | 'icon'> {
  icon: IconPaths
  label: string
  class?: string
}

export function IconButton({ icon, label, class: name = '', ...attributes }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...attributes}
      class={`icon-button ${name}`.trim()}
    >
      <Icon paths={icon} />
    </button>
  )
}
