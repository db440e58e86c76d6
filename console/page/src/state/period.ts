/** Times of a zone: whole days, whatever their hours, from what an address says. */

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const MINUTE_MS = 60_000
export const PRESETS = [7, 14, 30, 90] as const
export const USUAL_DAYS = 14

/** From `since` to before `until`, in ms; `before` is what came before it, as long, as far as it is over. */
export interface Period {
  since: number
  until: number
  unit: "hour" | "day"
  days: number
  before: { since: number; until: number }
  name: string
}

/** A day of the calendar, as in `2026-11-27`. */
export type Day = `${number}-${number}-${number}`

const parts = new Map<string, Intl.DateTimeFormat>()

/** The clock on the wall of a zone, as if it were UTC. */
export function wall(at: number, zone: string): number {
  let format = parts.get(zone)
  if (!format) {
    format = new Intl.DateTimeFormat("en-US", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    })
    parts.set(zone, format)
  }
  const told: Record<string, number> = {}
  for (const { type, value } of format.formatToParts(at)) told[type] = Number(value)
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = told
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** The day of a time in a zone. */
export function dayOf(at: number, zone: string): Day {
  return new Date(wall(at, zone)).toISOString().slice(0, 10) as Day
}

/** The first moment of a day in a zone, where some days have no midnight. */
export function startOf(day: Day, zone: string): number {
  const wanted = Date.parse(`${day}T00:00:00Z`)
  let at = wanted - (wall(wanted, zone) - wanted)
  at -= wall(at, zone) - wanted
  // Where midnight was skipped, the day begins when the clock was put forward.
  while (dayOf(at, zone) < day) at += HOUR_MS / 4
  return at
}

/** The day so many days later. */
export function daysLater(day: Day, days: number): Day {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10) as Day
}

function isDay(text: string | null): text is Day {
  return text !== null && /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`))
}

/** The period that `days`, or `from` and `to` (both in it), say; the usual one where they say nothing sensible. */
export function periodOf(query: URLSearchParams, zone: string, now: number): Period {
  const from = query.get("from")
  const to = query.get("to")
  const today = dayOf(now, zone)
  if (isDay(from) && isDay(to) && from <= to) return between(from, daysLater(to, 1), zone, now, "custom")
  const asked = Number(query.get("days"))
  const days = Number.isInteger(asked) && asked >= 1 && asked <= 3660 ? asked : USUAL_DAYS
  return between(daysLater(today, 1 - days), daysLater(today, 1), zone, now, String(days))
}

function between(first: Day, end: Day, zone: string, now: number, name: string): Period {
  const days = Math.round((Date.parse(end) - Date.parse(first)) / DAY_MS)
  const since = startOf(first, zone)
  const until = startOf(end, zone)
  const sinceBefore = startOf(daysLater(first, -days), zone)
  // Of a period that is not over, as much of the one before as is over of this one.
  const over = now < until ? Math.floor((now - until) / MINUTE_MS) * MINUTE_MS : 0
  return {
    since,
    until,
    unit: days <= 3 ? "hour" : "day",
    days,
    before: { since: sinceBefore, until: Math.max(since + over, sinceBefore + MINUTE_MS) },
    name,
  }
}

/** The beginnings of the period's windows, in ms. */
export function windowsOf(period: Pick<Period, "since" | "until" | "unit">, zone: string): number[] {
  const starts: number[] = []
  if (period.unit === "hour") {
    for (let at = period.since; at < period.until; at += HOUR_MS) starts.push(at)
    return starts
  }
  for (let day = dayOf(period.since, zone); ; day = daysLater(day, 1)) {
    const at = startOf(day, zone)
    if (at >= period.until) return starts
    starts.push(at)
  }
}

/** Whether a zone is one that this browser knows. */
export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone })
    return true
  } catch {
    return false
  }
}

/** As the API takes a time. */
export function iso(at: number): string {
  return new Date(at).toISOString().replace(".000Z", "Z")
}
