/** A button with words, and with an icon before them where one is given. */

import type { ButtonHTMLAttributes } from 'preact'
import { Icon, type IconPaths } from './icon.tsx'

export interface ButtonProps extends Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'class' | 'icon'> {
  icon?: IconPaths
  primary?: boolean
  small?: boolean
  /** The icon turns while the work that the button started is under way. */
  busy?: boolean
  class?: string
}

export function Button({ icon, primary, small, busy, class: name, children, ...attributes }: ButtonProps) {
  const classes = ['button', primary && 'button--primary', small && 'button--small', busy && 'is-busy', name]
  return (
    <button type="button" {...attributes} class={classes.filter(Boolean).join(' ')}>
      {icon !== undefined && <Icon paths={icon} />}
      {children}
    </button>
  )
}
