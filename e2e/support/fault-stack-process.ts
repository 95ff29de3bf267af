/** A stack in a process of its own, so that a test can kill it: started by fault-stack.ts, told what to start by IPC. */

import { createStack, type StackOptions } from '../../stack/index.ts'
import { createTerminalLogger } from '../../stack/logger.ts'

/** What {@link StackOptions} survives the way between processes. */
export type PlainStackOptions = Omit<StackOptions, 'logger'>

const options = await new Promise<PlainStackOptions>((resolve) => process.once('message', resolve))
const stack = await createStack({ ...options, logger: createTerminalLogger({ level: 'error' }) })
const end = (): void => {
  void stack.stop().then(() => process.exit())
}
process.once('SIGTERM', end)
// The test's process has ended.
process.once('disconnect', end)
process.send?.({ url: stack.url, db: stack.db, keys: stack.keys })
