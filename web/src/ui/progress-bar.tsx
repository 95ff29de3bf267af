/** How far a piece of work is. */

import './progress-bar.css'

export interface ProgressBarProps {
  label: string
  /** 0 to 100. */
  progress: number
  /** The work has not begun. */
  waiting?: boolean
  /** In the flow of the text, instead of at the lower edge of a picture. */
  line?: boolean
}

export function ProgressBar({ label, progress, waiting, line }: ProgressBarProps) {
  const classes = ['bar', line && 'bar--line', waiting && 'bar--waiting']
  return (
    <div
      class={classes.filter(Boolean).join(' ')}
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={progress}
      style={{ '--progress': progress / 100 }}
    >
      <div />
    </div>
  )
}
