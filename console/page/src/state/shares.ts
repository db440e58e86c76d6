/** Labels that all counts have which somebody sees, by their names. */
export type Scope = Record<string, string>

const NARROWS = ["channel", "profile"] as const

/** What a share of a campaign's view shows: the campaign, and the one channel or profile that it is narrowed to. */
export function scopeOf(labels: { campaign: string; account?: string }, query: URLSearchParams): Scope {
  const scope: Scope = { campaign: labels.campaign }
  if (labels.account !== undefined) scope["account"] = labels.account
  for (const name of NARROWS) {
    const value = query.get(name)
    if (value) scope[name] = value
  }
  return scope
}

/** The path of a view that was shared, as a browser writes it. */
export function pathOf(view: string): string {
  return new URL(view, location.origin).pathname
}

/** The text of a share in what stands behind `#` of an address; null where there is none. */
export function shareIn(hash: string): string | null {
  return /^#(cts_[\w-]+)$/.exec(hash)?.[1] ?? null
}
