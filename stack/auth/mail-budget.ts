/** How many mails all users together are sent: an hour's worth at once, then evenly. */

export interface MailBudget {
  /** @returns false where no mail may be sent now */
  take(): boolean
}

const HOUR_MS = 3_600_000

export function createMailBudget(perHour: number, now: () => number = Date.now): MailBudget {
  let left = perHour
  let filledAt = now()
  return {
    take() {
      const at = now()
      left = Math.min(perHour, left + ((at - filledAt) / HOUR_MS) * perHour)
      filledAt = at
      if (left < 1) return false
      left -= 1
      return true
    },
  }
}
