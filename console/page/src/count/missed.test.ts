import { describe, expect, it } from "vitest"
import type { UnknownSlugRow } from "../api/types"
import { daysOf, missedOf, slugToMake, withLetters } from "./missed"

const DAYS = ["2026-11-26", "2026-11-27", "2026-11-28"]

function row(
  day: string,
  slug: string,
  requests: number,
  more: Partial<UnknownSlugRow> = {},
): UnknownSlugRow {
  return {
    day: `2026-11-${day}`,
    domain: "go.example",
    slug,
    reason: "unknown",
    referrer_host: "",
    account: "",
    campaign: "",
    post: "",
    channel: "",
    profile: "",
    requests,
    ...more,
  }
}

const ROWS = [
  row("26", "", 900, { domain: "" }),
  row("26", "sprnig", 4, { referrer_host: "news.example" }),
  row("28", "sprnig", 5),
  row("28", "sprnig", 6, { referrer_host: "news.example" }),
  row("27", "gone", 3, { reason: "deleted", campaign: "spring", channel: "x" }),
  row("27", "gone", 2, { reason: "unknown" }),
]

describe("what was asked for in vain", () => {
  const missed = missedOf(ROWS, DAYS)

  it("is one of each slug and reason, the most asked for first, and all others last", () => {
    expect(missed.map(one => [one.slug, one.reason, one.requests, one.others])).toEqual([
      ["sprnig", "unknown", 15, false],
      ["gone", "deleted", 3, false],
      ["gone", "unknown", 2, false],
      ["", "unknown", 900, true],
    ])
    expect(missed[1]?.labels).toEqual(["spring", "x"])
  })

  it("adds up by day and by where it came from", () => {
    expect(missed[0]?.days).toEqual([4, 0, 11])
    expect(missed[0]?.referrers).toEqual([
      { host: "news.example", requests: 10 },
      { host: "", requests: 5 },
    ])
    expect(daysOf(missed, DAYS)).toEqual([904, 5, 11])
  })

  it("is found by letters of any case, where all others are none", () => {
    expect(withLetters(missed, "EXAMPLE/SP", "").map(one => one.slug)).toEqual(["sprnig"])
    expect(withLetters(missed, "", "go.example")).toHaveLength(3)
    expect(withLetters(missed, "", "")).toHaveLength(4)
  })

  it("can become a link where the slug is known whole and the domain is one's own", () => {
    const made = (slug: string, more: Partial<UnknownSlugRow> = {}, domains: string[] = []) =>
      missedOf([row("26", slug, 1, more)], DAYS).map(one => slugToMake(one, domains))
    expect(made("a")).toEqual(["a"])
    expect(made("a", {}, ["go.example"])).toEqual(["a"])
    expect(made("a", {}, ["other.example"])).toEqual([null])
    expect(made("a", { reason: "expired" })).toEqual([null])
    expect(made("")).toEqual([null])
    expect(made("a", { domain: "" })).toEqual([null])
    expect(made("x".repeat(127))).toEqual(["x".repeat(127)])
    expect(made("x".repeat(128))).toEqual([null])
  })
})
