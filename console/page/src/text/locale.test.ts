import { describe, expect, it } from "vitest"
import {
  change,
  count,
  digitsFor,
  percent,
  percentRange,
  plainPercent,
  shortCount,
  signed,
  time,
} from "./locale"

const plain = (text: string | null) => text?.replace(/[\u202f\u00a0]/g, " ")

describe("numbers", () => {
  it("have no more digits than they deserve", () => {
    expect(digitsFor(0.000_45, 0.0165)).toBe(2)
    expect(digitsFor(0.004, 0.0165)).toBe(1)
    expect(digitsFor(0.0015, 0.005)).toBe(2)
    expect(digitsFor(0.03, 0.05)).toBe(0)
    expect(digitsFor(null, 0.4)).toBe(1)
  })

  it("have their sign and their unit", () => {
    expect(plain(percent(0.0165))).toBe("1.65 %")
    expect(plain(percentRange(0.0161, 0.017))).toBe("1.61–1.70 %")
    expect(plain(plainPercent(0.005, 0.02))).toBe("0.5–2 %")
    expect(count(-1200)).toBe("−1,200")
    expect([shortCount(9999), shortCount(38_900)]).toEqual(["9,999", "38.9K"])
  })

  it("are compared with before where there was one", () => {
    expect([change(118, 100), change(96, 100), change(1000, 1003), change(1200, 100)].map(plain)).toEqual([
      "+18 %",
      "−4 %",
      "±0 %",
      "×12",
    ])
    expect([change(24, 19), change(17, 19), change(19, 19), change(24, 20)].map(plain)).toEqual([
      "+5",
      "−2",
      "±0",
      "+20 %",
    ])
    expect([change(5, 0), change(5, undefined), change(5, -3)]).toEqual([null, null, null])
  })

  it("are called by the zone's clock when they are times", () => {
    expect(time("2026-11-26T23:30:00Z", "day", "Europe/Berlin")).toBe("Nov 27")
  })
})

it("a number says its sign, of which zero has none, nor what is rounded to it", () => {
  expect([1.25, -1.25, 0, -0.004, 0.004].map(value => signed(value, 2))).toEqual([
    "+1.25",
    "−1.25",
    "0.00",
    "0.00",
    "0.00",
  ])
})
