import { expect, test } from "vitest"
import { localOf, momentOf } from "./moments"

test("a moment is shown as the clock of its zone, and read back as the same moment", () => {
  for (const zone of ["UTC", "Europe/Berlin", "America/St_Johns", "Pacific/Auckland"]) {
    for (const at of ["2026-03-28T23:30:00Z", "2026-07-01T12:00:00Z", "2026-12-31T23:59:00Z"]) {
      expect(momentOf(localOf(at, zone), zone)).toBe(at)
    }
  }
  expect(localOf("2026-07-01T12:00:00Z", "Europe/Berlin")).toBe("2026-07-01T14:00")
})

test("no moment is an empty field, and what is no moment is none", () => {
  expect(localOf(null, "UTC")).toBe("")
  expect(momentOf("", "UTC")).toBeNull()
})

test("an hour that the clock leaves out is still a moment of that day", () => {
  const at = momentOf("2026-03-29T02:30", "Europe/Berlin")
  expect(at === "2026-03-29T00:30:00Z" || at === "2026-03-29T01:30:00Z").toBe(true)
})
