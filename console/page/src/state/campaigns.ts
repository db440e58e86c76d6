import type { CampaignView, PerformanceRow } from "../api/types"

/** A campaign as the list shows it: what was counted, before too, and what is known of it. */
export interface Listed {
  account: string
  name: string
  row: PerformanceRow | undefined
  before: PerformanceRow | undefined
  record: CampaignView | undefined
}

function key(account: string, name: string): string {
  return JSON.stringify([account, name])
}

/** Counted campaigns, the most clicks first, then those that nothing was counted of. */
export function listed(
  rows: readonly PerformanceRow[],
  before: readonly PerformanceRow[],
  records: readonly CampaignView[],
): Listed[] {
  const earlier = new Map(before.map(row => [key(row.account, row.campaign ?? ""), row]))
  const known = new Map(records.map(record => [key(record.account, record.name), record]))
  const counted = rows.map(row => {
    const name = row.campaign ?? ""
    const own = key(row.account, name)
    const record = known.get(own)
    known.delete(own)
    return { account: row.account, name, row, before: earlier.get(own), record }
  })
  const rest = [...known.values()].map(record => ({
    account: record.account,
    name: record.name,
    row: undefined,
    before: earlier.get(key(record.account, record.name)),
    record,
  }))
  return [...counted, ...rest]
}

/** Those whose name or account has these letters, and whose state is this; a campaign without a record is active. */
export function fitting(campaigns: readonly Listed[], search: string, state: string): Listed[] {
  const letters = search.trim().toLocaleLowerCase()
  return campaigns.filter(
    one =>
      (state === "all" || (one.record?.state ?? "active") === state) &&
      `${one.name} ${one.account}`.toLocaleLowerCase().includes(letters),
  )
}

/** The address of a campaign's page; the period goes with it. */
export function campaignAddress(account: string, name: string, own: string, query: URLSearchParams): string {
  const kept = new URLSearchParams()
  for (const one of ["days", "from", "to", "zone"]) {
    const value = query.get(one)
    if (value) kept.set(one, value)
  }
  if (account !== own) kept.set("account", account)
  return `/campaigns/${encodeURIComponent(name)}${kept.size ? `?${kept}` : ""}`
}
