import { expect, test } from "vitest"
import { chosenOf, rankedOf } from "./breakdown"

const ROWS = [
  { country: "DE", is_other: false, clicks: 6, gross_clicks: 8 },
  { country: "", is_other: false, clicks: 3, gross_clicks: 3 },
  { country: "FR", is_other: false, clicks: 0, gross_clicks: 5 },
  { country: "other", is_other: true, clicks: 1, gross_clicks: 1 },
]

test("shares are of all clicks, others' too, and what nobody clicked is left out", () => {
  expect(rankedOf(ROWS, "country")).toEqual([
    { value: "DE", clicks: 6, share: 0.6 },
    { value: "", clicks: 3, share: 0.3 },
    { value: null, clicks: 1, share: 0.1 },
  ])
  expect(rankedOf([], "country")).toEqual([])
})

test("an address narrows by any value, an empty one too", () => {
  expect(chosenOf(new URLSearchParams("country=DE&os=&days=7&utm_source=a"))).toEqual({
    country: "DE",
    os: "",
    utm_source: "a",
  })
})
