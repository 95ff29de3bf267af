/**
 * Permissions of one channel's current token on a private topic. Reading is checked at the join and with every new
 * token. Writing is checked with the first message of each extension. Answers hold until the token changes.
 */

import type { Authorizer, Extension } from './authorize.ts'
import { databaseFailure } from './database.ts'
import { JOIN_REFUSAL, SYSTEM_MESSAGE, unauthorizedToRead } from './errors.ts'
import type { Claims } from './tokens.ts'

/** Undefined: not checked yet. */
interface Answers {
  readBroadcast: boolean
  readPresence: boolean | undefined
  writeBroadcast: boolean | undefined
  writePresence: boolean | undefined
}

export class ChannelPolicies {
  readonly #authorizer: Authorizer
  readonly #topic: string
  readonly #headers: Readonly<Record<string, string>>
  #claims: Claims
  #answers: Answers = {
    readBroadcast: false,
    readPresence: undefined,
    writeBroadcast: undefined,
    writePresence: undefined,
  }

  constructor(
    authorizer: Authorizer,
    topic: string,
    headers: Readonly<Record<string, string>>,
    claims: Claims,
  ) {
    this.#authorizer = authorizer
    this.#topic = topic
    this.#headers = headers
    this.#claims = claims
  }

  get readBroadcast(): boolean {
    return this.#answers.readBroadcast
  }

  /** Undefined until presence is used. */
  get readPresence(): boolean | undefined {
    return this.#answers.readPresence
  }

  /** @returns the reason of a refusal, or undefined */
  async authorizeJoin(presence: boolean): Promise<string | undefined> {
    try {
      return (await this.#askToRead(presence))
        ? undefined
        : `Unauthorized: ${unauthorizedToRead(this.#topic)}`
    } catch (error) {
      return databaseFailure(error) === 'canceled'
        ? JOIN_REFUSAL.queryCanceled
        : JOIN_REFUSAL.databaseUnavailable
    }
  }

  /** Checks again with a new token. @returns why the channel must close, or undefined */
  async authorizeAgain(claims: Claims, presence: boolean): Promise<string | undefined> {
    const before = this.#answers
    this.#claims = claims
    try {
      if (!(await this.#askToRead(presence))) return unauthorizedToRead(this.#topic)
    } catch (error) {
      return databaseFailure(error) === 'canceled'
        ? SYSTEM_MESSAGE.queryCanceled
        : SYSTEM_MESSAGE.databaseUnavailable
    }
    const after = this.#answers
    const revoked =
      (before.readBroadcast && !after.readBroadcast) ||
      (before.readPresence === true && after.readPresence === false)
    return revoked
      ? `You no longer have permission to read from this Channel topic: ${this.#topic}`
      : undefined
  }

  /** Whether presence may be read; checked now if the join did not enable presence. */
  async mayReadPresence(): Promise<boolean> {
    if (this.#answers.readPresence === undefined) {
      const answers = this.#answers
      const read = await this.#authorizer.mayRead(this.#request(), true)
      answers.readPresence = read.presence === true
    }
    return this.#answers.readPresence === true
  }

  /** @returns a boolean when the answer is known, else a promise @throws when the database cannot be asked */
  mayWrite(extension: Extension): boolean | Promise<boolean> {
    const answers = this.#answers
    const known = extension === 'broadcast' ? answers.writeBroadcast : answers.writePresence
    return known ?? this.#askToWrite(answers, extension)
  }

  async #askToRead(presence: boolean): Promise<boolean> {
    const read = await this.#authorizer.mayRead(this.#request(), presence)
    this.#answers = {
      readBroadcast: read.broadcast,
      readPresence: read.presence,
      writeBroadcast: undefined,
      writePresence: undefined,
    }
    return read.broadcast || read.presence === true
  }

  async #askToWrite(answers: Answers, extension: Extension): Promise<boolean> {
    const granted = await this.#authorizer.mayWrite(this.#request(), extension)
    if (extension === 'broadcast') answers.writeBroadcast = granted
    else answers.writePresence = granted
    return granted
  }

  #request() {
    return { topic: this.#topic, claims: this.#claims, headers: this.#headers }
  }
}
