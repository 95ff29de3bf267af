/** What other services do, in their own words. */

import * as v from 'valibot'
import { defineKind, field } from '../definitions/kind.ts'

const status = 'How the work stands, in the words of the service that does it; `state` says the same in ours.'
const data = 'Whatever the service adds: any JSON of at most 32 KB.'

export const statusUpdate = defineKind({
  kind: 'status',
  typeName: 'StatusUpdateMessage',
  functionName: 'status-update',
  about:
    'Work of another service, e.g. a vehicle look-up. The service reports it by the function or by SQL; every report that begins or ends the work is durable.',
  types: {
    queued: null,
    started: 'status_update',
    progress: 'status_update',
    completed: 'status_update',
    failed: 'status_update',
  },
  subject: {
    subjectId: v.exactOptional(
      field(v.string(), 'An id of this update alone.', '8d5a2f71-9c3e-4b7d-8e20-6f1b4c8d7a09'),
    ),
  },
  input: {
    updateType: field(v.string(), 'What is done, in the words of the service.', 'vehicle_lookup'),
    resource: field(v.string(), 'What it is done to.', 'vehicle:AB-123'),
    status: field(v.string(), status, 'found'),
    data: v.exactOptional(field(v.unknown(), data, { make: 'Opel', year: 2019 })),
  },
  result: {
    status: field(v.string(), status, 'found'),
    data: v.exactOptional(field(v.unknown(), data, { make: 'Opel', year: 2019 })),
  },
  required: ['updateType', 'resource'],
  words: {
    noun: 'Status update',
    choice: 'Status updates',
    log: {
      started: 'Status update',
      progress: 'Status update',
      completed: 'Status update',
      failed: 'Status update',
    },
    own: { title: ['updateType', 'resource'], detail: 'status' },
  },
})
