import { describe, expect, it, vi } from "vitest"

vi.stubGlobal("location", { pathname: "/campaigns", search: "?days=7" })
const { partsOf, withQuery } = await import("./place")

describe("an address", () => {
  it("fits a pattern by its parts, decoded", () => {
    expect(partsOf("/campaigns/:campaign", "/campaigns/a%2Fb%20c")).toEqual({ campaign: "a/b c" })
    expect(partsOf("/campaigns", "/campaigns/")).toEqual({})
    expect(partsOf("/campaigns", "/campaigns/x")).toBeNull()
    expect(partsOf("/campaigns/:campaign", "/campaigns/%E0%A4%A")).toBeNull()
  })

  it("keeps its other parameters when one changes, in an order of its own", () => {
    expect(withQuery({ channel: "x" })).toBe("/campaigns?channel=x&days=7")
    expect(withQuery({ days: null })).toBe("/campaigns")
  })
})
