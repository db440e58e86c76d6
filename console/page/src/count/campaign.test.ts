import { describe, expect, it } from "vitest"
import type { Annotation, BreakdownRow, PerformanceRow, PostView, SeriesRow } from "../api/types"
import {
  type Facts,
  filtersOf,
  fitting,
  happenedTo,
  impressionsWanted,
  lensOf,
  perWindow,
  postsOf,
  profilesOf,
  sorted,
  valuesOf,
} from "./campaign"

const DAY = Date.parse("2026-11-26T00:00:00Z")
const WINDOWS = [DAY, DAY + 86_400_000]

function performance(channel: string, post: string, more: Partial<PerformanceRow>): PerformanceRow {
  const counts = { clicks: 1, impressions: 100, gross_clicks: 1, kinds: ["platform"], ctr: 0.01 }
  return {
    channel,
    post,
    pattern: "",
    range_low: 0.005,
    range_high: 0.02,
    ...counts,
    ...more,
  } as PerformanceRow
}

function links(
  channel: string,
  post: string,
  profile: string,
  clicks: number,
  kinds = ["platform"],
): BreakdownRow {
  const counts = {
    clicks,
    gross_clicks: clicks,
    impressions: 1000,
    kinds,
    ctr: 0,
    ctr_from: null,
    ctr_to: null,
  }
  return { account: "", channel, post, profile, links: 1, ...counts }
}

const FACTS: Facts = {
  posts: [
    performance("x", "one", { clicks: 9, impressions: 1000, pattern: "many impressions, many clicks" }),
    performance("linkedin", "one", { clicks: 5, impressions: 2000, pattern: "many impressions, few clicks" }),
    performance("x", "two", { clicks: 7, impressions: 10, pattern: "awareness", ctr: null }),
  ],
  now: [
    links("x", "one", "@acme", 6),
    links("x", "one", "@help", 3),
    links("linkedin", "one", "Acme", 5),
    links("x", "two", "@acme", 7, ["served"]),
  ],
  before: [links("x", "one", "@acme", 4)],
  series: [
    {
      start: "2026-11-26T00:00:00Z",
      channel: "x",
      post: "one",
      profile: "@acme",
      clicks: 2,
      impressions: 10,
    },
    {
      start: "2026-11-26T00:00:00Z",
      channel: "x",
      post: "one",
      profile: "@help",
      clicks: 3,
      impressions: 10,
    },
    {
      start: "2026-11-27T00:00:00Z",
      channel: "x",
      post: "two",
      profile: "@acme",
      clicks: 1,
      impressions: 40,
    },
  ] as SeriesRow[],
  annotations: [],
  records: [{ channel: "x", name: "one", text: "Hello", published_at: "2026-11-26T12:00:00Z" }] as PostView[],
}

const all = filtersOf(new URLSearchParams())
const where = (text: string) => filtersOf(new URLSearchParams(text))
const names = (facts: Facts, text: string) =>
  postsOf(facts, where(text), {}).map(one => `${one.channel} ${one.name}`)

describe("posts of a campaign", () => {
  it("are told apart by channel and name, with what is known of each", () => {
    const [first, second] = postsOf(FACTS, all, {})
    expect(first).toMatchObject({
      text: "Hello",
      profiles: ["@acme", "@help"],
      warns: false,
    })
    expect(first?.publishedAt).toBe(Date.parse("2026-11-26T12:00:00Z"))
    expect(first?.before.clicks).toBe(4)
    expect(second).toMatchObject({ channel: "linkedin", text: "", publishedAt: null, warns: true })
  })

  it("are filtered by each label, or by all but one", () => {
    expect(names(FACTS, "channel=x")).toEqual(["x one", "x two"])
    expect(names(FACTS, "not_channel=x")).toEqual(["linkedin one"])
    expect(names(FACTS, "profile=@help")).toEqual(["x one"])
    expect(names(FACTS, "not_profile=@acme")).toEqual(["x one", "linkedin one"])
  })

  it("have the counts of their links through a lens, and are not judged by them", () => {
    const lens = lensOf(new URLSearchParams("class=bot&kind=served"))
    expect(lens).toEqual({ class: "bot", kind: "served", having: "served" })
    expect(lensOf(new URLSearchParams("class=human&kind=x"))).toEqual({})
    const [, warned] = postsOf(FACTS, all, lens)
    expect(warned).toMatchObject({ judged: false, warns: false, counts: { clicks: 5, impressions: 1000 } })
    expect(warned?.ratio.ctr).toBe(0.005)
  })

  it("come by what needs the reader, or as was asked", () => {
    const posts = postsOf(FACTS, all, {})
    const order = (by: Parameters<typeof sorted>[1]) =>
      sorted(posts, by).map(one => `${one.channel} ${one.name}`)
    expect(order("needs")).toEqual(["linkedin one", "x one", "x two"])
    expect(order("clicks")).toEqual(["x one", "x two", "linkedin one"])
    expect(order("impressions")).toEqual(["linkedin one", "x one", "x two"])
    expect(order("ctr")).toEqual(["linkedin one", "x one", "x two"])
    expect(order("newest")[0]).toBe("x one")
  })
})

describe("what happened", () => {
  const revised = { at: "2026-11-26T15:00:00Z", what: "revised", channel: "x", post: "one" } as Annotation
  const posts = postsOf(FACTS, where("channel=x"), {})
  const told = (annotations: Annotation[]) =>
    happenedTo(posts, annotations).map(one => `${one.what} ${one.post}`)

  it("is what is annotated of the posts that are shown, and what their records say once", () => {
    expect(told([revised])).toEqual(["published one", "revised one"])
    expect(told([{ ...revised, what: "published" }])).toEqual(["published one"])
    expect(told([{ ...revised, channel: "linkedin" }])).toEqual(["published one"])
  })
})

describe("profiles", () => {
  it("have the sums of their links, so that they add up to all", () => {
    const profiles = profilesOf(FACTS, all, WINDOWS)
    expect(profiles.map(one => [one.channel, one.profile, one.posts, one.counts.clicks])).toEqual([
      ["x", "@acme", 2, 13],
      ["linkedin", "Acme", 1, 5],
      ["x", "@help", 1, 3],
    ])
    expect(profiles[0]).toMatchObject({ windows: [2, 1], low: 0.005, high: 0.02, enough: true })
    expect(profiles.reduce((sum, one) => sum + one.counts.clicks, 0)).toBe(
      fitting(FACTS.now, all).reduce((sum, row) => sum + row.clicks, 0),
    )
  })
})

describe("rows", () => {
  it("fall into the windows that begin with them", () => {
    expect(perWindow(FACTS.series, WINDOWS, "impressions")).toEqual([20, 40])
  })

  it("name each value of a label once, by name", () => {
    expect(valuesOf(FACTS.now, "profile")).toEqual(["@acme", "@help", "Acme"])
  })
})

describe("impressions from which a CTR is judged", () => {
  it("are those of which five clicks are usual at least, or a thousand where nothing is usual", () => {
    expect([0.005, 0.003, null, 0].map(impressionsWanted)).toEqual([1000, 1667, 1000, 1000])
  })
})
