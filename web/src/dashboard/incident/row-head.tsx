/** The first line of a file's row: icon, name, facts or what its job does, state, and a button. */

import './row-head.css'
import type { ComponentChildren } from 'preact'
import { Icon, type IconPaths } from '../../ui/icon.tsx'
import type { Job } from '../records.ts'
import { JobPill } from './job-pill.tsx'
import { activityOf } from './job-status.ts'

export interface RowHeadProps {
  icon?: IconPaths
  title: string
  /** Default: the title. */
  tooltip?: string
  job: Job | null
  /** Those that are null are left out. */
  facts: readonly (string | null)[]
  /** Stands at the end of the line. */
  children: ComponentChildren
}

export function RowHead({ icon, title, tooltip = title, job, facts, children }: RowHeadProps) {
  return (
    <div class="row-item__head">
      {icon !== undefined && (
        <span class="row-item__icon">
          <Icon paths={icon} />
        </span>
      )}
      <div class="row-item__titles">
        <p class="row-item__name" title={tooltip}>
          {title}
        </p>
        <p class="row-item__facts">{activityOf(job) || facts.filter((fact) => fact !== null).join(' · ')}</p>
      </div>
      <JobPill job={job} />
      {children}
    </div>
  )
}
