import { describe, expect, it } from "vitest"
import type { CampaignView, PerformanceRow } from "../api/types"
import { campaignAddress, fitting, listed } from "./campaigns"

const row = (campaign: string, clicks: number) => ({ account: "acme", campaign, clicks }) as PerformanceRow
const record = (name: string, state = "active") => ({ account: "acme", name, state }) as CampaignView

describe("the list of campaigns", () => {
  const all = listed(
    [row("spring", 5), row("", 2)],
    [row("spring", 4), row("gone", 9)],
    [record("autumn", "completed"), record("spring")],
  )

  it("has the counted ones first, then those of which nothing was counted", () => {
    expect(all.map(one => [one.name, one.row?.clicks, one.before?.clicks, one.record?.state])).toEqual([
      ["spring", 5, 4, "active"],
      ["", 2, undefined, undefined],
      ["autumn", undefined, undefined, "completed"],
    ])
  })

  it("is searched without regard to case, and by state", () => {
    expect(fitting(all, " SPR", "all").map(one => one.name)).toEqual(["spring"])
    expect(fitting(all, "", "active").map(one => one.name)).toEqual(["spring", ""])
    expect(fitting(all, "", "completed").map(one => one.name)).toEqual(["autumn"])
  })

  it("leads to addresses that say the account only where it is not the reader's own", () => {
    const query = new URLSearchParams("days=7&search=x")
    expect(campaignAddress("acme", "a/b", "acme", query)).toBe("/campaigns/a%2Fb?days=7")
    expect(campaignAddress("acme", "a", "", new URLSearchParams())).toBe("/campaigns/a?account=acme")
  })
})
