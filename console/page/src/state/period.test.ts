import { describe, expect, it } from "vitest"
import { dayOf, daysLater, iso, periodOf, startOf, windowsOf } from "./period"

const BERLIN = "Europe/Berlin"
const HOUR = 3_600_000

function query(text: string): URLSearchParams {
  return new URLSearchParams(text)
}

describe("days of a zone", () => {
  it("begin at its midnight, which is another hour in summer", () => {
    expect(iso(startOf("2026-11-27", BERLIN))).toBe("2026-11-26T23:00:00Z")
    expect(iso(startOf("2026-07-01", BERLIN))).toBe("2026-06-30T22:00:00Z")
    expect(iso(startOf("2026-11-27", "Asia/Kathmandu"))).toBe("2026-11-26T18:15:00Z")
    expect(iso(startOf("2026-11-27", "UTC"))).toBe("2026-11-27T00:00:00Z")
  })

  it("begin at one where midnight was skipped", () => {
    expect(iso(startOf("2018-11-04", "America/Sao_Paulo"))).toBe("2018-11-04T03:00:00Z")
  })

  it("have 23 and 25 hours when clocks change", () => {
    const hours = (day: "2026-03-29" | "2026-10-25") =>
      (startOf(daysLater(day, 1), BERLIN) - startOf(day, BERLIN)) / HOUR
    expect([hours("2026-03-29"), hours("2026-10-25")]).toEqual([23, 25])
  })

  it("are told by their own calendar", () => {
    expect(dayOf(Date.parse("2026-11-26T23:00:00Z"), BERLIN)).toBe("2026-11-27")
    expect(dayOf(Date.parse("2026-11-26T22:59:59Z"), BERLIN)).toBe("2026-11-26")
  })
})

describe("a period", () => {
  const now = Date.parse("2026-11-27T15:30:00Z")

  it("is a fortnight with today in it unless the address says otherwise", () => {
    for (const text of [
      "",
      "days=0",
      "days=-3",
      "days=x",
      "days=1.5",
      "days=3661",
      "from=2026-11-01",
      "from=x&to=y",
    ]) {
      const period = periodOf(query(text), BERLIN, now)
      expect([iso(period.since), iso(period.until), period.days]).toEqual([
        "2026-11-13T23:00:00Z",
        "2026-11-27T23:00:00Z",
        14,
      ])
    }
  })

  it("is compared with as much of the one before as is over of it", () => {
    const { before } = periodOf(query("days=7"), BERLIN, now)
    expect([iso(before.since), iso(before.until)]).toEqual(["2026-11-13T23:00:00Z", "2026-11-20T15:30:00Z"])
  })

  it("that is over is compared with all of the one before", () => {
    const { since, until, before, name, unit } = periodOf(query("from=2026-11-01&to=2026-11-03"), "UTC", now)
    expect([iso(since), iso(until), name, unit]).toEqual([
      "2026-11-01T00:00:00Z",
      "2026-11-04T00:00:00Z",
      "custom",
      "hour",
    ])
    expect([iso(before.since), iso(before.until)]).toEqual(["2026-10-29T00:00:00Z", "2026-11-01T00:00:00Z"])
  })

  it("of one day has its hours as windows, a longer one its days, over a change of clocks too", () => {
    const day = periodOf(query("from=2026-10-25&to=2026-10-25"), BERLIN, now)
    expect(windowsOf(day, BERLIN)).toHaveLength(25)
    const week = periodOf(query("from=2026-10-22&to=2026-10-28"), BERLIN, now)
    expect(windowsOf(week, BERLIN).map(at => dayOf(at, BERLIN))).toEqual([
      "2026-10-22",
      "2026-10-23",
      "2026-10-24",
      "2026-10-25",
      "2026-10-26",
      "2026-10-27",
      "2026-10-28",
    ])
  })
})
