import { expect, test } from "vitest"
import type { Finding } from "../../api/types"
import { findingsOf } from "./findings"

function finding(name: string, amount: number, examples: string[] = []): Finding {
  return { finding: name, amount, examples, meaning: "" }
}

test("what there is none of needs nobody, and what nobody foresaw does", () => {
  const { needs } = findingsOf([
    finding("dead letters", 0),
    finding("links over 100 %", 1),
    finding("new", 2),
  ])
  expect(needs.map(one => one.finding)).toEqual(["links over 100 %", "new"])
})

test("classes are left out, clicks first, the most of each first", () => {
  const { left, needs } = findingsOf([
    finding("impressions: unverified", 9),
    finding("clicks: bot", 1),
    finding("clicks: prefetch", 5),
    finding("clicks: unknown", 0),
  ])
  expect(left.map(({ of, name }) => `${of} ${name}`)).toEqual([
    "clicks prefetch",
    "clicks bot",
    "impressions unverified",
  ])
  expect(needs).toEqual([])
})

test("how far it was counted is a time, or nothing where nothing was", () => {
  expect(findingsOf([finding("counted up to", 60, ["2026-11-27T12:00:00Z"])]).upTo).toBe(
    "2026-11-27T12:00:00Z",
  )
  expect(findingsOf([finding("counted up to", -1, [])]).upTo).toBeNull()
  expect(findingsOf([finding("rule sets", 2, ["3", "4"])]).rules).toEqual(["3", "4"])
})
