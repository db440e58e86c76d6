import type { LiveRow } from "../api/types"
import { grouped } from "../count/counts"

const MINUTE_MS = 60_000
export const MINUTES = 10

/** Rows by what they are of; a later one takes the place of the one before. */
export type LiveRows = ReadonlyMap<string, LiveRow>

/** What is known after more was told. Minutes that are over for long are let go of. */
export function merged(before: LiveRows, told: readonly LiveRow[], now: number): LiveRows {
  const rows = new Map(before)
  for (const row of told) {
    rows.set(JSON.stringify([row.minute, row.account, row.campaign, row.post, row.channel]), row)
  }
  const first = firstMinute(now)
  for (const [key, row] of rows) if (Date.parse(row.minute) < first) rows.delete(key)
  return rows
}

function firstMinute(now: number): number {
  return (Math.floor(now / MINUTE_MS) - MINUTES + 1) * MINUTE_MS
}

/** What ten minutes hold: the sums, and the clicks of each minute, the one that is not over last. */
export interface TenMinutes {
  clicks: number
  gross_clicks: number
  impressions: number
  minutes: number[]
}

/** The sums of rows over the ten minutes up to now. */
export function tenMinutes(rows: Iterable<LiveRow>, now: number): TenMinutes {
  const first = firstMinute(now)
  const sums: TenMinutes = { clicks: 0, gross_clicks: 0, impressions: 0, minutes: Array(MINUTES).fill(0) }
  for (const row of rows) {
    const place = (Date.parse(row.minute) - first) / MINUTE_MS
    const minute = sums.minutes[place]
    if (minute === undefined) continue
    sums.minutes[place] = minute + row.clicks
    sums.clicks += row.clicks
    sums.gross_clicks += row.gross_clicks
    sums.impressions += row.impressions
  }
  return sums
}

/** A post and its ten minutes. */
export interface LivePost extends TenMinutes {
  key: string
  account: string
  campaign: string
  post: string
  channel: string
}

/** Posts of which anything was counted, the most clicks first. */
export function postsOf(rows: LiveRows, now: number): LivePost[] {
  const groups = grouped([...rows.values()], ({ account, campaign, post, channel }) =>
    JSON.stringify([account, campaign, post, channel]),
  )
  return [...groups]
    .flatMap(([key, own]) => {
      const [row] = own
      if (!row) return []
      const { account, campaign, post, channel } = row
      return [{ key, account, campaign, post, channel, ...tenMinutes(own, now) }]
    })
    .filter(one => one.gross_clicks !== 0 || one.impressions !== 0)
    .sort((one, other) => other.clicks - one.clicks || other.impressions - one.impressions)
}

/** How long to wait before asking again, after so many failures in a row. */
export function waitMs(failures: number): number {
  return Math.min(15_000, 1000 * 2 ** Math.min(failures, 4))
}
