import { beforeEach, expect, test, vi } from "vitest"

vi.hoisted(() => vi.stubGlobal("location", { pathname: "/links", search: "" }))

import { pageOf, pageOfName } from "./linkAddress"
import { inThisZone, place } from "./place"

beforeEach(() => {
  place.value = { path: "/links", query: new URLSearchParams() }
})

test("a slug's parts become one in the address of its page, and a link's name ends its domain at the first slash", () => {
  expect(pageOf({ domain: "go.example", slug: "a/grün" })).toBe("/links/go.example/a%2Fgr%C3%BCn")
  expect(pageOfName("go.example/a/grün")).toBe("/links/go.example/a%2Fgr%C3%BCn")
})

test("the zone goes along, beside what an address says already", () => {
  place.value = { path: "/links", query: new URLSearchParams({ zone: "Asia/Tokyo", search: "a" }) }
  expect(inThisZone("/campaigns")).toBe("/campaigns?zone=Asia%2FTokyo")
  expect(inThisZone("/links?new=1")).toBe("/links?new=1&zone=Asia%2FTokyo")
  expect(pageOfName("go.example/a")).toBe("/links/go.example/a?zone=Asia%2FTokyo")
})
