import { expect, test, vi } from "vitest"
import { pathOf, scopeOf, shareIn } from "./shares"

vi.stubGlobal("location", { origin: "http://localhost:8090" })

test("a share shows the campaign, narrowed to the channel or profile that the view is narrowed to", () => {
  const query = (text: string) => new URLSearchParams(text)
  expect(scopeOf({ campaign: "spring" }, query("days=7"))).toEqual({ campaign: "spring" })
  expect(scopeOf({ campaign: "spring", account: "" }, query("channel=x&not_profile=a"))).toEqual({
    campaign: "spring",
    account: "",
    channel: "x",
  })
})

test("a share's path is its view's, and its text stands alone behind the hash", () => {
  expect(pathOf("/campaigns/a%2Fb?days=7")).toBe("/campaigns/a%2Fb")
  expect(pathOf("/campaigns/a b")).toBe("/campaigns/a%20b")
  expect(shareIn("#cts_00ff_a-b_c")).toBe("cts_00ff_a-b_c")
  expect(shareIn("#cts_00ff x")).toBeNull()
  expect(shareIn("#code=1")).toBeNull()
  expect(shareIn("")).toBeNull()
})
