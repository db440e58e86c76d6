import { useMemo } from "preact/hooks"
import type { Facts, Lens } from "../../count/campaign"
import { type Asked, useAsked } from "../../state/asked"
import { iso, type Period } from "../../state/period"
import { may, session, zone } from "../../state/session"
import { useRecords } from "./useRecords"

/** As many rows as the API gives at most. */
export const MOST_ROWS = 100_000
/** Live counts ask anew: of thousands of posts no more often than that costs little. */
const REST_MS_A_POST = 4
const REST_MOST_MS = 30_000
const LABELS = "channel,post,profile"

/** Whose campaign is asked about. */
export interface Whose {
  campaign: string
  account?: string
}

/** All that the page knows of a campaign in a period, and the requests that it came by. */
export function useFacts(whose: Whose, period: Period, lens: Lens) {
  const times = { since: iso(period.since), until: iso(period.until) }
  const earlier = { since: iso(period.before.since), until: iso(period.before.until) }
  const posts = useAsked("reportPosts", { query: { ...whose, ...times, limit: MOST_ROWS } })
  const now = useAsked("reportBreakdown", {
    query: { ...whose, ...times, ...lens, by: LABELS, limit: MOST_ROWS },
  })
  const before = useAsked(
    "reportBreakdown",
    { query: { ...whose, ...earlier, ...lens, by: LABELS, limit: MOST_ROWS } },
    // Its end moves with every minute of an open period.
    { about: JSON.stringify([whose, times, lens]) },
  )
  const series = useAsked("reportSeries", {
    query: {
      ...whose,
      ...times,
      ...lens,
      // Thousands of posts times days are too many rows.
      by: "channel,profile",
      unit: period.unit,
      zone: zone.value,
      limit: MOST_ROWS,
    },
  })
  const annotations = useAsked("reportAnnotations", { query: { ...whose, ...times } })
  const reads = may("links:read")
  const account = whose.account === undefined ? {} : { account: whose.account }
  const path = { campaign: whose.campaign }
  const record = useAsked("readCampaign", reads ? { path, query: account } : null)
  const guest = session.value?.kind === "share"
  const records = useRecords(reads || guest ? whose : null)

  const facts: Facts = useMemo(
    () => ({
      posts: posts.data?.rows ?? [],
      now: now.data?.rows ?? [],
      before: before.data?.rows ?? [],
      series: series.data?.rows ?? [],
      records,
      annotations: annotations.data?.rows ?? [],
    }),
    [posts.data, now.data, before.data, series.data, records, annotations.data],
  )
  const counts: readonly Asked<unknown>[] = [posts, now, before, series]
  function again(): void {
    for (const one of counts) one.again()
  }
  return {
    facts,
    record: record.data,
    ready: posts.data !== undefined && now.data !== undefined,
    problem: counts.find(one => one.problem)?.problem,
    at: counts.reduce<number | undefined>(
      (least, { at }) => (at && (!least || at < least) ? at : least),
      undefined,
    ),
    /** Whether some of it is of another period, or through another lens, than is asked for by now. */
    former: counts.some(one => one.former),
    again,
    /** How long to rest between following live counts. */
    restMs: Math.min(facts.posts.length * REST_MS_A_POST, REST_MOST_MS),
    times,
  }
}
