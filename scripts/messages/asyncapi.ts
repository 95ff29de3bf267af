/** Writes `docs/asyncapi.yaml`, an AsyncAPI 3.0 document. */

import { stringify } from 'yaml'
import { CALLS, type CallName } from '../../functions-shared/definitions/calls.ts'
import {
  DURABLE_FIELDS,
  END_FIELDS,
  FAILURE_FIELDS,
  type Fields,
  JOB_FIELDS,
  type KindDefinition,
  PERSONAL_FIELDS,
  PROGRESS_FIELDS,
} from '../../functions-shared/definitions/kind.ts'
import { messageFields, messageTypes, newsFields } from '../../functions-shared/definitions/message-fields.ts'
import {
  EVENT_PATTERN,
  MESSAGES,
  PRESENCE_FIELDS,
  USER_MESSAGE_TITLE,
} from '../../functions-shared/definitions/messages.ts'
import { NEWS, NEWS_FIELDS, type NewsDefinition } from '../../functions-shared/definitions/news.ts'
import { TOPICS, type TopicName } from '../../functions-shared/definitions/topics.ts'
import { VERSION } from '../../functions-shared/version.ts'
import { exampleOf, jobExample, type Keeping, keepingOf, whenSent } from './message-facts.ts'
import { type Property, propertiesOf, type Schema } from './schemas.ts'

interface Message {
  /** Key in the document. */
  key: string
  name: string
  title: string
  summary: string
  description: string
  keeping: Keeping
  sentThrough: readonly CallName[]
  topics: readonly TopicName[]
  properties: readonly Property[]
  example: Record<string, unknown>
}

const FREE_MESSAGE_KEY = 'member_message'

/** Fields that messages have in common; each group is a schema of its own. */
const FIELD_GROUPS: Readonly<Record<string, Fields>> = {
  job_fields: JOB_FIELDS,
  progress_fields: PROGRESS_FIELDS,
  end_fields: END_FIELDS,
  failure_fields: FAILURE_FIELDS,
  durable_fields: DURABLE_FIELDS,
  personal_fields: PERSONAL_FIELDS,
  incident_fields: NEWS_FIELDS,
}

export function asyncApi(kinds: readonly KindDefinition[]): string {
  const jobMessages = kinds.flatMap(messagesOfKind)
  const userMessages = [...jobMessages, ...NEWS.map(newsMessage)]
  const messages = [...userMessages, ...MESSAGES.map(otherMessage)]
  const userMessageSchemas = userMessages.map(({ key }) => ({ $ref: `#/components/schemas/${key}` }))
  const document = {
    asyncapi: '3.0.0',
    info: {
      title: 'Claimwire',
      version: VERSION,
      description:
        'The messages of docs/messages.md, for machines. The document describes the server: it sends the messages of the topics, and receives what clients call.\n\nA message is the payload of a broadcast of Supabase Realtime, whose event is named like the type of the message. The frames around it are those of Realtime: docs/protocol.md.\n',
      license: { name: 'MIT' },
    },
    defaultContentType: 'application/json',
    servers: {
      realtime: server(
        'wss',
        '/realtime/v1/websocket',
        'Supabase Realtime. Topics are joined with the token of the user.',
      ),
      rest: server('https', '/rest/v1/rpc', "The database's functions, called with the token of the user."),
    },
    channels: {
      ...Object.fromEntries(
        Object.entries(TOPICS).map(([name, topic]) => [
          name,
          {
            address: topic.address,
            title: topic.address,
            description: `${topic.about}\n\nHears: ${topic.hears}\nSends: ${topic.sends}\nPresence: ${topic.presence ?? 'nobody.'}\n`,
            servers: [{ $ref: '#/servers/realtime' }],
            parameters: { [topic.parameter.name]: { description: topic.parameter.meaning } },
            messages: Object.fromEntries([
              ...messages
                .filter(({ topics }) => topics.some((each) => each === name))
                .map(({ key }) => reference(key)),
              ...(topic.presence === null ? [] : [reference('presence')]),
            ]),
          },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(CALLS).map(([name, call]) => [
          name,
          {
            address: `/${name}`,
            description: call.about,
            servers: [{ $ref: '#/servers/rest' }],
            messages: Object.fromEntries([reference(`call_${name}`)]),
          },
        ]),
      ),
    },
    operations: {
      ...Object.fromEntries(
        Object.keys(TOPICS).map((name) => [
          `send_to_${name}`,
          {
            action: 'send',
            channel: { $ref: `#/channels/${name}` },
            summary: 'What clients hear on the topic.',
            messages: messages
              .filter(({ topics }) => topics.some((each) => each === name))
              .map(({ key }) => ({ $ref: `#/channels/${name}/messages/${key}` })),
          },
        ]),
      ),
      ...Object.fromEntries(
        Object.entries(TOPICS)
          .filter(([, { presence }]) => presence !== null)
          .map(([name]) => [
            `presence_on_${name}`,
            {
              action: 'receive',
              channel: { $ref: `#/channels/${name}` },
              summary: 'A client shows that its user is there.',
              messages: [{ $ref: `#/channels/${name}/messages/presence` }],
            },
          ]),
      ),
      ...Object.fromEntries(
        Object.keys(CALLS).map((name) => [
          `call_${name}`,
          {
            action: 'receive',
            channel: { $ref: `#/channels/${name}` },
            bindings: { http: { method: 'POST' } },
            messages: [{ $ref: `#/channels/${name}/messages/call_${name}` }],
          },
        ]),
      ),
    },
    components: {
      messages: {
        ...Object.fromEntries(messages.map((message) => [message.key, messageObject(message)])),
        presence: {
          name: 'presence',
          title: 'Presence',
          description: 'What a client tracks. Others learn of it by presence_state and presence_diff.',
          payload: { $ref: '#/components/schemas/presence' },
          examples: [{ payload: withoutType(exampleOf(null, propertiesOf(PRESENCE_FIELDS))) }],
        },
        ...Object.fromEntries(
          Object.entries(CALLS).map(([name, call]) => [
            `call_${name}`,
            {
              name,
              title: name,
              description: call.about,
              payload: { $ref: `#/components/schemas/call_${name}` },
              examples: [{ payload: withoutType(exampleOf(null, propertiesOf(call.arguments))) }],
            },
          ]),
        ),
      },
      schemas: {
        ...Object.fromEntries(
          messages.map((message) => [message.key, messageSchema(message, userMessages.includes(message))]),
        ),
        ...Object.fromEntries(
          Object.entries(FIELD_GROUPS).map(([name, fields]) => [name, objectSchema(propertiesOf(fields))]),
        ),
        [USER_MESSAGE_TITLE]: {
          description: 'Any message about a job or an incident.',
          anyOf: userMessageSchemas,
        },
        presence: objectSchema(propertiesOf(PRESENCE_FIELDS)),
        ...Object.fromEntries(
          Object.entries(CALLS).map(([name, call]) => [
            `call_${name}`,
            objectSchema(propertiesOf(call.arguments)),
          ]),
        ),
      },
      securitySchemes: {
        apiKey: {
          type: 'httpApiKey',
          name: 'apikey',
          in: 'query',
          description: 'The publishable key of the project. Over HTTP it is the header `apikey`.',
        },
        user: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            'The access token of the signed-in user: in `phx_join` as `access_token`, over HTTP as a bearer token.',
        },
      },
    },
  }
  return `# Written by \`npm run messages\` from functions-shared/kinds and functions-shared/definitions. Do not edit.\n${stringify(
    document,
    { lineWidth: 110, aliasDuplicateObjects: false, compat: 'yaml-1.1' },
  )}`
}

function messagesOfKind(kind: KindDefinition): Message[] {
  return messageTypes(kind).map((type) => {
    const properties = propertiesOf(messageFields(kind, type))
    return {
      key: type,
      name: type,
      title: `${kind.typeName}: ${type}`,
      summary: `Sent when ${whenSent(kind, type)}.`,
      description: kind.about,
      keeping: keepingOf(kind, type),
      sentThrough: [],
      topics: ['user', 'queue'],
      properties,
      example: jobExample(kind, type),
    }
  })
}

function newsMessage(news: NewsDefinition): Message {
  const properties = propertiesOf(newsFields(news))
  return {
    key: news.type,
    name: news.type,
    title: news.typeName,
    summary: news.when,
    description: news.about,
    keeping: 'durable',
    sentThrough: [],
    topics: ['user'],
    properties,
    example: exampleOf(news.type, properties),
  }
}

function otherMessage({
  type,
  typeName,
  about,
  when,
  topics,
  sentThrough = [],
  fields,
}: (typeof MESSAGES)[number]): Message {
  const properties = propertiesOf(fields)
  return {
    key: type ?? FREE_MESSAGE_KEY,
    name: type ?? 'a name of your own',
    title: typeName,
    summary: when,
    description: about,
    keeping: 'volatile',
    sentThrough,
    topics,
    properties,
    example: exampleOf(type, properties),
  }
}

function messageObject({
  name,
  title,
  summary,
  description,
  keeping,
  sentThrough,
  key,
  example,
}: Message): object {
  return {
    name,
    title,
    summary,
    description,
    tags: [{ name: keeping === 'both' ? 'durable, but for progress' : keeping }],
    ...(sentThrough.length > 0 ? { 'x-sent-through': sentThrough } : {}),
    payload: { $ref: `#/components/schemas/${key}` },
    examples: [{ payload: example }],
  }
}

function messageSchema({ key, name, properties }: Message, hasGroups: boolean): object {
  const type: Property = {
    name: 'type',
    required: true,
    schema:
      key === FREE_MESSAGE_KEY ? { type: 'string', pattern: EVENT_PATTERN } : { type: 'string', const: name },
  }
  const has = (field: string): boolean => properties.some((property) => property.name === field)
  const groups = Object.entries(hasGroups ? FIELD_GROUPS : {}).filter(([, fields]) =>
    Object.keys(fields).every(has),
  )
  // A field of a group that the kind describes in its own way stands in both.
  const common = new Map(
    groups.flatMap(([, fields]) => propertiesOf(fields)).map((each) => [each.name, each]),
  )
  const own = properties.filter(
    (property) => property.name !== 'type' && !isSame(property, common.get(property.name)),
  )
  const schema = objectSchema([type, ...own])
  return groups.length === 0
    ? schema
    : { allOf: [...groups.map(([group]) => ({ $ref: `#/components/schemas/${group}` })), schema] }
}

function isSame(one: Property, other: Property | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** Fields that a reader does not know are allowed: a newer server may send them. */
function objectSchema(properties: readonly Property[]): object {
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map(({ name, schema }) => [name, withReferences(schema)])),
    required: properties.filter(({ required }) => required).map(({ name }) => name),
  }
}

/** A schema that only has a title stands for the schema of that name. */
function withReferences(schema: Schema): object {
  if (schema.title === USER_MESSAGE_TITLE) return { $ref: `#/components/schemas/${USER_MESSAGE_TITLE}` }
  return schema.items === undefined ? schema : { ...schema, items: withReferences(schema.items) }
}

function withoutType({ type: _type, ...rest }: Record<string, unknown>): object {
  return rest
}

function reference(key: string): [string, object] {
  return [key, { $ref: `#/components/messages/${key}` }]
}

function server(protocol: string, pathname: string, description: string): object {
  return {
    host: '{project}.supabase.co',
    pathname,
    protocol,
    description,
    variables: {
      project: { description: 'The reference of the project. The embedded stack has an address of its own.' },
    },
    security: [
      { $ref: '#/components/securitySchemes/apiKey' },
      { $ref: '#/components/securitySchemes/user' },
    ],
  }
}
