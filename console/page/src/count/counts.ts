/** Sums and what follows from them, as the views of ClickHouse make it (docs/reports.md). */

export interface Counts {
  clicks: number
  impressions: number
  gross_clicks: number
  kinds: string[]
}

export interface Ratio {
  ctr: number | null
  from: number | null
  to: number | null
}

const Z = 1.959963984540054

/** The sum of rows, and every kind of impressions in it. */
export function sumOf(rows: readonly Counts[]): Counts {
  const kinds = new Set<string>()
  let clicks = 0
  let impressions = 0
  let gross = 0
  for (const row of rows) {
    clicks += row.clicks
    impressions += row.impressions
    gross += row.gross_clicks
    for (const kind of row.kinds) kinds.add(kind)
  }
  return { clicks, impressions, gross_clicks: gross, kinds: [...kinds].sort() }
}

/** Sum over sum with Wilson's interval at 95 %; none where there is nothing to divide by, or more clicks than that. */
export function ratioOf({ clicks, impressions }: Pick<Counts, "clicks" | "impressions">): Ratio {
  if (impressions <= 0) return { ctr: null, from: null, to: null }
  const ctr = clicks / impressions
  if (clicks < 0 || clicks > impressions) return { ctr, from: null, to: null }
  const share = (Z * Z) / impressions
  const middle = (ctr + share / 2) / (1 + share)
  const reach = (Z * Math.sqrt((ctr * (1 - ctr)) / impressions + share / (4 * impressions))) / (1 + share)
  return {
    ctr,
    from: clicks === 0 ? 0 : middle - reach,
    to: clicks === impressions ? 1 : middle + reach,
  }
}

/** Rows that share a key, in the order in which the keys first came. */
export function grouped<Row>(rows: readonly Row[], keyOf: (row: Row) => string): Map<string, Row[]> {
  const groups = new Map<string, Row[]>()
  for (const row of rows) {
    const key = keyOf(row)
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return groups
}
