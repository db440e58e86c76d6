import { describe, expect, it } from "vitest"
import { grouped, ratioOf, sumOf } from "./counts"

describe("a ratio", () => {
  it("has the interval that statsmodels gives (proportion_confint, wilson)", () => {
    const { ctr, from, to } = ratioOf({ clicks: 30, impressions: 1000 })
    expect(ctr).toBe(0.03)
    expect(from).toBeCloseTo(0.021_093_738_829, 9)
    expect(to).toBeCloseTo(0.042_503_414_148, 9)
  })

  it("reaches from nothing to everything exactly", () => {
    expect(ratioOf({ clicks: 0, impressions: 10 }).from).toBe(0)
    expect(ratioOf({ clicks: 10, impressions: 10 }).to).toBe(1)
  })

  it("is none of no impressions, and has no interval over 100 %", () => {
    expect(ratioOf({ clicks: 5, impressions: 0 })).toEqual({ ctr: null, from: null, to: null })
    expect(ratioOf({ clicks: 5, impressions: -1 })).toEqual({ ctr: null, from: null, to: null })
    expect(ratioOf({ clicks: 5, impressions: 4 })).toEqual({ ctr: 1.25, from: null, to: null })
  })
})

describe("a sum", () => {
  it("is of each number, and names every kind once", () => {
    const rows = [
      { clicks: 1, impressions: 10, gross_clicks: 2, kinds: ["served"] },
      { clicks: 3, impressions: 20, gross_clicks: 5, kinds: ["platform", "served"] },
    ]
    expect(sumOf(rows)).toEqual({
      clicks: 4,
      impressions: 30,
      gross_clicks: 7,
      kinds: ["platform", "served"],
    })
    expect(sumOf([])).toEqual({ clicks: 0, impressions: 0, gross_clicks: 0, kinds: [] })
  })

  it("of groups is the sum of all", () => {
    expect([...grouped([1, 2, 3, 4], one => (one % 2 ? "odd" : "even"))]).toEqual([
      ["odd", [1, 3]],
      ["even", [2, 4]],
    ])
  })
})
