import { type Day, dayOf, daysLater, type Period } from "./period"

/** A period's days by name, as days of UTC, for what is kept by these: as the API takes them, and each. */
export interface UtcDays {
  since: string
  until: string
  days: readonly Day[]
}

/** The days of a period by their names. Those to come are in it. */
export function utcDaysOf(period: Pick<Period, "since" | "until">, zone: string): UtcDays {
  const first = dayOf(period.since, zone)
  const end = daysLater(dayOf(period.until - 1, zone), 1)
  const days: Day[] = []
  for (let day = first; day < end; day = daysLater(day, 1)) days.push(day)
  return { since: `${first}T00:00:00Z`, until: `${end}T00:00:00Z`, days }
}
