import { expect, test } from "vitest"
import { periodOf } from "./period"
import { utcDaysOf } from "./utcDays"

test.each(["UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles", "America/Santiago"])(
  "days of a period keep their names in UTC, over a change of clocks too (%s)",
  zone => {
    const query = new URLSearchParams({ from: "2026-03-28", to: "2026-03-30" })
    expect(utcDaysOf(periodOf(query, zone, 0), zone)).toEqual({
      since: "2026-03-28T00:00:00Z",
      until: "2026-03-31T00:00:00Z",
      days: ["2026-03-28", "2026-03-29", "2026-03-30"],
    })
  },
)
