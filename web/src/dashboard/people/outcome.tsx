/** What the last change has done, or why it was refused. Its place is kept free, so nothing moves. */

import './outcome.css'
import type { ChangeState } from './changes.ts'

export function Outcome({ problem, done }: Pick<ChangeState, 'problem' | 'done'>) {
  return (
    <div class="outcome">
      <p role="alert" class="outcome__problem">
        {problem}
      </p>
      <p role="status">{done}</p>
    </div>
  )
}
