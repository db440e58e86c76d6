import { expect, test } from "vitest"
import type { LiveRow } from "../api/types"
import { merged, postsOf, tenMinutes, waitMs } from "./liveRows"

const NOW = Date.parse("2026-11-27T12:10:30Z")

function row(minute: string, post: string, clicks: number): LiveRow {
  const at = `2026-11-27T${minute}:00Z`
  return {
    minute: at,
    account: "",
    campaign: "c",
    post,
    channel: "x",
    clicks,
    gross_clicks: clicks + 1,
    impressions: 10,
  }
}

test("a later row takes the place of the one before, of the same minute and labels", () => {
  const rows = merged(
    merged(new Map(), [row("12:10", "a", 1), row("12:09", "a", 2)], NOW),
    [row("12:10", "a", 5)],
    NOW,
  )
  expect(tenMinutes(rows.values(), NOW)).toMatchObject({ clicks: 7, gross_clicks: 9, impressions: 20 })
})

test("ten minutes are those up to the one that is not over; the one before them is let go of", () => {
  const rows = merged(new Map(), [row("12:00", "a", 1), row("12:01", "a", 2), row("12:10", "a", 4)], NOW)
  expect(rows.size).toBe(2)
  expect(tenMinutes(rows.values(), NOW).minutes).toEqual([2, 0, 0, 0, 0, 0, 0, 0, 0, 4])
  expect(tenMinutes(rows.values(), NOW + 60_000).minutes).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 4, 0])
})

test("posts come with the most clicks first, and those of which all minutes passed do not come", () => {
  const rows = merged(new Map(), [row("12:01", "old", 9), row("12:09", "a", 1), row("12:10", "b", 3)], NOW)
  expect(postsOf(rows, NOW).map(one => one.post)).toEqual(["old", "b", "a"])
  expect(postsOf(rows, NOW + 60_000).map(one => one.post)).toEqual(["b", "a"])
})

test("waiting grows up to a quarter of a minute", () => {
  expect([0, 1, 3, 4, 100].map(waitMs)).toEqual([1000, 2000, 8000, 15_000, 15_000])
})
