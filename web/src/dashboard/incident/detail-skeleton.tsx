/** The shape of an incident, while the first incidents are read. */

import './detail-skeleton.css'
import { Skeleton } from '../../ui/skeleton.tsx'

export function DetailSkeleton() {
  return (
    <div class="detail-skeleton" aria-label="Loading" role="status">
      <Skeleton kind="title" />
      <Skeleton kind="line" />
      <div class="cards">
        {[1, 2, 3].map((card) => (
          <div key={card} class="card">
            <div class="card__media">
              <Skeleton kind="fill" />
            </div>
            <div class="card__body">
              <Skeleton />
              <Skeleton kind="short" />
            </div>
          </div>
        ))}
      </div>
    </div>
  )
}
