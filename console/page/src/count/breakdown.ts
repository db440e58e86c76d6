import type { ClicksRow } from "../api/types"

/** What clicks can be broken down by, in the order in which it is offered. */
export const DIMENSIONS = [
  "country",
  "referrer_source",
  "device",
  "browser",
  "os",
  "language",
  "referrer_medium",
  "referrer_host",
  "region",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_term",
  "utm_content",
  "scan",
] as const
export type Dimension = (typeof DIMENSIONS)[number]
/** Those that are always shown. */
export const FIRST: readonly Dimension[] = DIMENSIONS.slice(0, 6)

/** A value with its clicks and their share of all; null: all values that are not among the first. */
export interface Ranked {
  value: string | null
  clicks: number
  share: number
}

/** Rows of the API of one dimension, the most clicks first, all others last. Nothing that nobody clicked is in it. */
export function rankedOf(rows: readonly ClicksRow[], dimension: Dimension): Ranked[] {
  const all = rows.reduce((sum, row) => sum + row.clicks, 0)
  return rows
    .filter(row => row.clicks !== 0)
    .map(row => ({
      value: row.is_other ? null : (row[dimension] ?? ""),
      clicks: row.clicks,
      share: all > 0 ? row.clicks / all : 0,
    }))
}

/** The values of an address that clicks are narrowed to. */
export function chosenOf(query: URLSearchParams): Partial<Record<Dimension, string>> {
  const chosen: Partial<Record<Dimension, string>> = {}
  for (const dimension of DIMENSIONS) {
    const value = query.get(dimension)
    if (value !== null) chosen[dimension] = value
  }
  return chosen
}
