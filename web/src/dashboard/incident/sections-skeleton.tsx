/** In place of an incident's sections while their code is loaded. */

import './sections-skeleton.css'
import { Skeleton } from '../../ui/skeleton.tsx'

export function SectionsSkeleton() {
  return (
    <div class="section-skeleton" aria-hidden="true">
      <Skeleton kind="short" />
      <Skeleton kind="block" />
    </div>
  )
}
