/** How many tabs share the connection: each holds a lock that bears its user's name, see `client/tabs/`. */

/** @returns null where the browser does not tell. */
export async function countTabs(userId: string): Promise<number | null> {
  try {
    const { held = [] } = await navigator.locks.query()
    // `claimwire:<protocol>:<user>:<tab>`; the lead is a lock without a tab.
    const tabs = held.filter(({ name }) => name?.startsWith('claimwire:') && name.includes(`:${userId}:`))
    return tabs.length === 0 ? null : tabs.length
  } catch {
    // No Web Locks here, or not for this page: then nothing is shared.
    return null
  }
}
