import type { Annotation, BreakdownRow, PerformanceRow, PostView, SeriesRow } from "../api/types"
import { type Counts, grouped, type Ratio, ratioOf, sumOf } from "./counts"

/** What the API says of a campaign in a period. */
export interface Facts {
  posts: readonly PerformanceRow[]
  now: readonly BreakdownRow[]
  before: readonly BreakdownRow[]
  series: readonly SeriesRow[]
  records: readonly PostView[]
  annotations: readonly Annotation[]
}

/** What the reader wants to see of it. Empty: all. */
export interface Filters {
  channel: string
  notChannel: string
  profile: string
  notProfile: string
}

/**
 * Which clicks are shown, and which impressions; empty: people's, and each link's own kind. With a kind, of links alone
 * that have such: clicks of the others would be divided by impressions that they could not have had.
 */
export interface Lens {
  class?: TrafficClass
  kind?: Kind
  having?: Kind
}

export type TrafficClass = "all" | "bot" | "duplicate" | "prefetch" | "unknown"
export type Kind = "platform" | "rendered" | "served" | "viewable"
export const CLASSES: readonly TrafficClass[] = ["all", "bot", "prefetch", "duplicate", "unknown"]
export const KINDS: readonly Kind[] = ["platform", "served", "rendered", "viewable"]

export type Sort = "needs" | "clicks" | "impressions" | "ctr" | "newest"
export const SORTS: readonly Sort[] = ["needs", "clicks", "impressions", "ctr", "newest"]

/** A post as its card shows it. */
export interface Post {
  key: string
  channel: string
  name: string
  profiles: readonly string[]
  text: string
  url: string
  publishedAt: number | null
  row: PerformanceRow
  counts: Counts
  ratio: Ratio
  before: Counts
  /** Whether the pattern speaks of these counts: it is of people's clicks and each link's own kind. */
  judged: boolean
  warns: boolean
}

/** Something that happened to a post. */
export interface Happening {
  at: number
  what: Annotation["what"]
  channel: string
  post: string
}

/** A profile as a row of the table shows it. */
export interface Profile {
  channel: string
  profile: string
  posts: number
  counts: Counts
  ratio: Ratio
  before: Counts
  windows: readonly number[]
  low: number | null
  high: number | null
  enough: boolean
}

export const SEEN_NOT_CLICKED = "many impressions, few clicks"
const ENOUGH_CLICKS = 5
const ENOUGH_WITHOUT_RANGE = 1000
const NEEDS: readonly string[] = [
  SEEN_NOT_CLICKED,
  "few impressions, high CTR",
  "few impressions, few clicks",
  "many impressions, many clicks",
  "awareness",
  "no reference range",
  "no impressions",
  "not enough data yet",
]

interface Labels {
  channel?: string
  post?: string
  profile?: string
}

/** The key of a post: names are of a channel. */
export function postKey({ channel, post }: Labels): string {
  return JSON.stringify([channel ?? "", post ?? ""])
}

/** The key of a profile: names are of a channel. */
export function profileKey({ channel, profile }: Labels): string {
  return JSON.stringify([channel ?? "", profile ?? ""])
}

/** Impressions from which on a CTR can be judged, by the low end of its channel's usual range. */
export function impressionsWanted(low: number | null): number {
  return low ? Math.ceil(ENOUGH_CLICKS / low) : ENOUGH_WITHOUT_RANGE
}

/** Filters of an address. */
export function filtersOf(query: URLSearchParams): Filters {
  const text = (name: string) => query.get(name) ?? ""
  return {
    channel: text("channel"),
    notChannel: text("not_channel"),
    profile: text("profile"),
    notProfile: text("not_profile"),
  }
}

/** The lens of an address. */
export function lensOf(query: URLSearchParams): Lens {
  const traffic = CLASSES.find(one => one === query.get("class"))
  const kind = KINDS.find(one => one === query.get("kind"))
  return { ...(traffic ? { class: traffic } : {}), ...(kind ? { kind, having: kind } : {}) }
}

/** Rows that fit the filters by their labels. */
export function fitting<Row extends Labels>(rows: readonly Row[], filters: Filters): Row[] {
  const { channel, notChannel, profile, notProfile } = filters
  return rows.filter(
    row =>
      (!channel || row.channel === channel) &&
      (!notChannel || row.channel !== notChannel) &&
      (!profile || row.profile === profile) &&
      (!notProfile || row.profile !== notProfile),
  )
}

/** What happened to posts that are shown: as annotated, and when their records say that they were published. */
export function happenedTo(posts: readonly Post[], annotations: readonly Annotation[]): Happening[] {
  const told = new Set(annotations.filter(one => one.what === "published").map(postKey))
  const shown = new Set(posts.map(post => post.key))
  const published = posts.flatMap(({ key, channel, name, publishedAt }) =>
    publishedAt === null || told.has(key)
      ? []
      : [{ at: publishedAt, what: "published" as const, channel, post: name }],
  )
  const annotated = annotations
    .filter(one => shown.has(postKey(one)))
    .map(({ at, what, channel, post }) => ({ at: Date.parse(at), what, channel, post }))
  return [...published, ...annotated].sort((one, other) => one.at - other.at)
}

/** Posts with what is known of each, of the rows that fit; through a lens their counts are those of their rows. */
export function postsOf(facts: Facts, filters: Filters, lens: Lens): Post[] {
  const judged = !lens.class && !lens.kind
  const links = grouped(fitting(facts.now, filters), postKey)
  const before = grouped(facts.before, postKey)
  const records = new Map(facts.records.map(one => [postKey({ channel: one.channel, post: one.name }), one]))
  return facts.posts.flatMap(row => {
    const key = postKey(row)
    const own = links.get(key)
    if (!own) return []
    const record = records.get(key)
    const counts = judged ? row : sumOf(own)
    return {
      key,
      channel: row.channel ?? "",
      name: row.post ?? "",
      profiles: [...new Set(own.map(one => one.profile ?? ""))].filter(Boolean).sort(),
      text: record?.text ?? "",
      url: record?.post_url ?? "",
      publishedAt: record?.published_at ? Date.parse(record.published_at) : null,
      row,
      counts,
      ratio: judged ? { ctr: row.ctr, from: row.ctr_from, to: row.ctr_to } : ratioOf(counts),
      before: sumOf(before.get(key) ?? []),
      judged,
      warns: judged && row.pattern === SEEN_NOT_CLICKED,
    }
  })
}

/** Posts in the order that was asked for; by what needs the reader first, the most shown of each pattern first. */
export function sorted(posts: readonly Post[], sort: Sort): Post[] {
  const rank = (post: Post) =>
    NEEDS.includes(post.row.pattern) ? NEEDS.indexOf(post.row.pattern) : NEEDS.length
  const by: Record<Sort, (one: Post, other: Post) => number> = {
    needs: (one, other) => rank(one) - rank(other) || other.counts.impressions - one.counts.impressions,
    clicks: (one, other) => other.counts.clicks - one.counts.clicks,
    impressions: (one, other) => other.counts.impressions - one.counts.impressions,
    ctr: (one, other) => (other.ratio.ctr ?? -1) - (one.ratio.ctr ?? -1),
    newest: (one, other) => (other.publishedAt ?? 0) - (one.publishedAt ?? 0),
  }
  return [...posts].sort((one, other) => by[sort](one, other) || one.key.localeCompare(other.key))
}

/** Profiles of the rows that fit, the most clicks first. */
export function profilesOf(facts: Facts, filters: Filters, windows: readonly number[]): Profile[] {
  const ranges = new Map(facts.posts.map(row => [row.channel, [row.range_low, row.range_high] as const]))
  const before = grouped(facts.before, profileKey)
  const series = grouped(facts.series, profileKey)
  const profiles = [...grouped(fitting(facts.now, filters), profileKey)].map(([key, rows]) => {
    const counts = sumOf(rows)
    const [low = null, high = null] = ranges.get(rows[0]?.channel) ?? []
    return {
      channel: rows[0]?.channel ?? "",
      profile: rows[0]?.profile ?? "",
      posts: new Set(rows.map(postKey)).size,
      counts,
      ratio: ratioOf(counts),
      before: sumOf(before.get(key) ?? []),
      windows: perWindow(series.get(key) ?? [], windows, "clicks"),
      low,
      high,
      enough: counts.impressions >= impressionsWanted(low),
    }
  })
  return profiles.sort((one, other) => other.counts.clicks - one.counts.clicks)
}

/** A count of each window, 0 where nothing was counted. */
export function perWindow(
  rows: readonly SeriesRow[],
  windows: readonly number[],
  of: "clicks" | "impressions" | "gross_clicks",
): number[] {
  const sums = new Map<number, number>()
  for (const row of rows) {
    const at = Date.parse(row.start)
    sums.set(at, (sums.get(at) ?? 0) + row[of])
  }
  return windows.map(at => sums.get(at) ?? 0)
}

/** The values of a label in rows, by name. */
export function valuesOf(rows: readonly Labels[], label: "channel" | "profile"): string[] {
  return [...new Set(rows.map(row => row[label] ?? "").filter(Boolean))].sort()
}
