import type { UnknownSlugRow } from "../api/types"
import { grouped } from "./counts"

export const REASONS = ["unknown", "expired", "deleted"] as const

/** What leads nowhere and was asked for: one slug and why, with its requests of each day and by where they came from. */
export interface Missed {
  key: string
  domain: string
  slug: string
  reason: UnknownSlugRow["reason"]
  requests: number
  days: readonly number[]
  referrers: readonly { host: string; requests: number }[]
  labels: readonly string[]
  /** All other slugs together, which are too many to be told one by one. */
  others: boolean
}

/** The API keeps no more of a slug; a longer one cannot be told from others that begin alike. */
const SLUG_MOST = 128

/** Rows of the API by slug and reason, the most asked for first, the sum of all others last. */
export function missedOf(rows: readonly UnknownSlugRow[], days: readonly string[]): Missed[] {
  const groups = grouped(rows, ({ domain, slug, reason }) => JSON.stringify([domain, slug, reason]))
  return [...groups]
    .flatMap(([key, own]) => {
      const [first] = own
      if (!first) return []
      const { domain, slug, reason, campaign, post, channel } = first
      const byHost = [...grouped(own, row => row.referrer_host)].map(([host, same]) => ({
        host,
        requests: requestsOf(same),
      }))
      return [
        {
          key,
          domain,
          slug,
          reason,
          requests: requestsOf(own),
          days: perDay(own, days),
          referrers: byHost.sort((one, other) => other.requests - one.requests),
          labels: [campaign, channel, post].filter(Boolean),
          others: !domain,
        },
      ]
    })
    .sort((one, other) => Number(one.others) - Number(other.others) || other.requests - one.requests)
}

/** Those with these letters, of this domain. Empty: all. */
export function withLetters(missed: readonly Missed[], search: string, domain: string): Missed[] {
  const letters = search.trim().toLocaleLowerCase()
  return missed.filter(
    one =>
      (!domain || one.domain === domain) &&
      (!letters || (!one.others && `${one.domain}/${one.slug}`.toLocaleLowerCase().includes(letters))),
  )
}

/** The requests of each day of all that is missed. */
export function daysOf(missed: readonly Missed[], days: readonly string[]): number[] {
  return days.map((_, day) => missed.reduce((sum, one) => sum + (one.days[day] ?? 0), 0))
}

/** The slug that a link would need; null where it is none that a link can have, or is not known whole. */
export function slugToMake(one: Missed, domains: readonly string[]): string | null {
  const known = one.slug !== "" && one.slug.length < SLUG_MOST && !one.others
  const ours = !domains.length || domains.includes(one.domain)
  return one.reason === "unknown" && known && ours ? one.slug : null
}

function requestsOf(rows: readonly UnknownSlugRow[]): number {
  return rows.reduce((sum, row) => sum + row.requests, 0)
}

function perDay(rows: readonly UnknownSlugRow[], days: readonly string[]): number[] {
  const sums = new Map<string, number>()
  for (const { day, requests } of rows) sums.set(day, (sums.get(day) ?? 0) + requests)
  return days.map(day => sums.get(day) ?? 0)
}
