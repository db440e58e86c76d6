import { expect, test } from "vitest"
import type { BreakdownRow } from "../../api/types"
import { channelsOf } from "./options"

function counted(campaign: string, channel: string, clicks: number): BreakdownRow {
  return { account: "acme", campaign, channel, clicks } as BreakdownRow
}

test("the busiest campaign of several channels is one to begin with, the most clicked channel first", () => {
  const rows = [
    counted("big", "x", 90),
    counted("spring", "email", 40),
    counted("spring", "x", 20),
    counted("autumn", "email", 25),
    counted("autumn", "x", 25),
    counted("", "x", 500),
    counted("spring", "search", 0),
  ]
  const start = channelsOf(rows, "acme")
  expect(start?.name).toBe("the channels of spring")
  expect(start?.sides.map(({ channel }) => channel)).toEqual(["email", "x"])
  expect(channelsOf(rows, "")?.sides[0]).toEqual({ account: "acme", campaign: "spring", channel: "email" })
  expect(channelsOf(rows.slice(0, 2), "acme")).toBe(null)
  expect(channelsOf([], "")).toBe(null)
})
