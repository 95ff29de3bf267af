/** Writes `docs/messages.md`. */

import { CALLS } from '../../functions-shared/definitions/calls.ts'
import {
  DURABLE_FIELDS,
  END_FIELDS,
  FAILURE_FIELDS,
  JOB_FIELDS,
  type KindDefinition,
  MOMENTS,
  PERSONAL_FIELDS,
  PROGRESS_FIELDS,
} from '../../functions-shared/definitions/kind.ts'
import {
  messageFields,
  messageTypes,
  newsFields,
  ownFields,
} from '../../functions-shared/definitions/message-fields.ts'
import { CATALOGUE, MESSAGES, type MessageDefinition } from '../../functions-shared/definitions/messages.ts'
import { NEWS, NEWS_FIELDS, type NewsDefinition } from '../../functions-shared/definitions/news.ts'
import { TOPICS } from '../../functions-shared/definitions/topics.ts'
import { exampleOf, jobExample, type Keeping, keepingOf, MOMENT_MEANINGS, whenSent } from './message-facts.ts'
import { optional, type Property, propertiesOf, typeScript } from './schemas.ts'

const KEEPING: Readonly<Record<Keeping, string>> = {
  durable: 'yes',
  volatile: 'no',
  both: 'yes, but for progress',
}

export function markdown(kinds: readonly KindDefinition[]): string {
  return `<!-- Written by \`npm run messages\` from functions-shared/kinds and functions-shared/definitions. Do not edit. -->

# Messages

Every message that the database sends and every message that a client can make it send. [protocol.md](protocol.md) has the
frames that carry them, [delivery.md](delivery.md) the promises, [asyncapi.yaml](asyncapi.yaml) the same for machines.

A message is the payload of a broadcast; the name of the broadcast's event is the message's \`type\`. Readers ignore fields
that they do not know; Realtime adds \`id\`, the id of the row in \`realtime.messages\`.

- **Durable** messages are rows of \`public.notifications\`, written in the transaction of the change. They carry \`seq\` and
  \`epoch\`, and a client delivers each exactly once.
- **Volatile** messages are broadcast and not kept. Who is not connected does not hear them.

## Topics

${mdTable(
  ['topic', 'what it carries', 'who hears', 'who sends', 'who shows presence'],
  Object.values(TOPICS).map(({ address, about, hears, sends, presence }) => [
    `\`${address.replace('{', '<').replace('}', '>')}\``,
    about,
    hears,
    sends,
    presence ?? 'Nobody.',
  ]),
)}

## Messages about jobs

Sent by the database, in the transaction that changes the job, to \`user:<userId>\` of the job's user and of each member of
its incident and, for a job with a queue, to \`queue:<queueId>\`. Nobody else can send them. The job's user has all durable
ones as notifications, followers of the incident have \`completed\` and \`failed\`; each other copy is a broadcast without
\`seq\`, with \`quiet\`.

${mdTable(
  ['moment', 'sent when', 'durable'],
  MOMENTS.map((moment) => [moment, MOMENT_MEANINGS[moment], moment === 'progress' ? 'no' : 'yes']),
)}

Fields of every kind, beside \`type\` and \`status\`:

${fieldTable(
  propertiesOf({
    ...JOB_FIELDS,
    ...PROGRESS_FIELDS,
    ...END_FIELDS,
    ...FAILURE_FIELDS,
    ...DURABLE_FIELDS,
    ...PERSONAL_FIELDS,
  }),
)}

${kinds.map(kindSection).join('\n\n')}

## Messages about incidents

Sent by the database, in the transaction of the change, to \`user:<userId>\` of each member of the incident. They are durable:
whoever the table names has them as notifications, in a sequence of their own. The user who made the change, members who
do not follow the incident, have muted it or want nothing of the kind get the same message without \`seq\`, with \`quiet\`.

${mdTable(
  ['type', 'sent when', 'notification of'],
  NEWS.map(({ type, when, storedFor }) => [`\`${type}\``, when, storedFor]),
)}

Fields of every type:

${fieldTable(propertiesOf({ ...NEWS_FIELDS, ...DURABLE_FIELDS, ...PERSONAL_FIELDS }))}

${NEWS.map(newsSection).join('\n\n')}

## Other messages

All of them are volatile.

${MESSAGES.map(messageSection).join('\n\n')}

### Bytes

On \`incident:<incidentId>\`, sent through \`send_binary_to_topic\`, with a type of the sender's own. The first 16 bytes are the
id of the sender, set by the database; the sender's bytes follow, at most 64 KB. The client hands them over as the event
\`binary\`.

## What clients send

A client sends nothing on a channel but its presence. It calls a function of the database, with its own token:

${mdTable(
  ['function', 'client', 'what it does'],
  Object.entries(CALLS).map(([name, call]) => [
    `\`${name}\``,
    'methods' in call ? `\`${call.methods.replaceAll(', ', '`, `')}\`` : '',
    call.about,
  ]),
)}

## Names without a message

Types of the catalogue that frames of Realtime carry. The database sends no message of these types.

${mdTable(
  ['type', 'what carries it'],
  CATALOGUE.map(({ type, carriedBy }) => [`\`${type}\``, carriedBy]),
)}
`
}

function kindSection(kind: KindDefinition): string {
  const types = messageTypes(kind)
  const { always, sometimes } = ownFields(kind)
  return `### ${kind.kind}

${kind.about} The Edge Function is \`${kind.functionName}\`; the TypeScript type is \`${kind.typeName}\`.

${mdTable(
  ['type', 'sent when', 'durable'],
  types.map((type) => [`\`${type}\``, whenSent(kind, type), KEEPING[keepingOf(kind, type)]]),
)}

${mdTable(
  ['field', 'type', 'on', 'meaning'],
  [...propertiesOf(always), ...optional(propertiesOf(sometimes))].map((property) => {
    const on = types.filter((type) => property.name in messageFields(kind, type))
    return [
      `\`${property.name}\``,
      typeCell(property),
      on.length === types.length ? 'all' : on.map((type) => `\`${type}\``).join(', '),
      property.schema.description ?? '',
    ]
  }),
)}

${json(jobExample(kind, kind.types.completed))}`
}

function newsSection(news: NewsDefinition): string {
  const own = propertiesOf(news.fields)
  return `### ${news.type}

${news.about} The TypeScript type is \`${news.typeName}\`.

${own.length === 0 ? '' : `${fieldTable(own)}\n\n`}${json(exampleOf(news.type, propertiesOf(newsFields(news))))}`
}

function messageSection({
  type,
  about,
  when,
  topics,
  sentThrough,
  fields,
  typeName,
}: MessageDefinition): string {
  const properties = propertiesOf(fields)
  const senders =
    sentThrough === undefined
      ? 'Sent by the database.'
      : `Sent by the database when a client calls ${sentThrough.map((name) => `\`${name}\``).join(' or ')}.`
  return `### ${type ?? 'A type of your own'}

${about} The TypeScript type is \`${typeName}\`.

- Sent when: ${when}
- Topics: ${topics.map((topic) => `\`${TOPICS[topic].address.replace('{', '<').replace('}', '>')}\``).join(', ')}
- ${senders}

${fieldTable(properties)}

${json(exampleOf(type, properties))}`
}

function fieldTable(properties: readonly Property[]): string {
  return mdTable(
    ['field', 'type', 'meaning'],
    properties.map((property) => [
      `\`${property.name}\``,
      typeCell(property),
      property.schema.description ?? '',
    ]),
  )
}

function typeCell({ schema, required }: Property): string {
  return `\`${typeScript(schema)}\`${required ? '' : ', optional'}`
}

function json(value: object): string {
  return `\`\`\`json\n${JSON.stringify(value, null, 2)}\n\`\`\``
}

function mdTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => '---'), ...rows]
    .map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`)
    .join('\n')
}
