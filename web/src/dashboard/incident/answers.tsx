/** The answers of the form that the incident was reported by. */

import './answers.css'
import type { Incident } from '../records.ts'

export function Answers({ incident: { answers } }: { incident: Incident }) {
  if (answers.length === 0) return null
  return (
    <details class="disclosure">
      <summary>Answers of the form</summary>
      <dl class="answers">
        {answers.map(({ question, value }) => [
          <dt key={`question ${question} ${value}`}>{question}</dt>,
          <dd key={`answer ${question} ${value}`}>{value}</dd>,
        ])}
      </dl>
    </details>
  )
}
