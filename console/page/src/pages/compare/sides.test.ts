import { expect, test } from "vitest"
import { comparing, namesOf, sharedOf, sidesOf, textOf } from "./sides"

const LINKEDIN = { campaign: "spring & co", channel: "linkedin" }
const X = { campaign: "spring & co", channel: "x" }
const say = (name: string, value: string) => `${name} ${value}`

test("sides survive the address, whatever characters their labels have, and come once", () => {
  const address = comparing([LINKEDIN, X, LINKEDIN], new URLSearchParams("days=7&of=channel%3Demail"))
  const query = new URLSearchParams(address.split("?")[1])
  expect(sidesOf(query)).toEqual([LINKEDIN, X])
  expect(query.get("days")).toBe("7")
  expect(comparing([], new URLSearchParams())).toBe("/compare")
})

test("an address that says no side is a comparison of none", () => {
  expect(sidesOf(new URLSearchParams("of=&days=7"))).toEqual([])
})

test("a side is named by what tells it from the others; what all share is said once", () => {
  expect(namesOf([LINKEDIN, X], say)).toEqual(["channel linkedin", "channel x"])
  expect(sharedOf([LINKEDIN, X])).toEqual({ campaign: "spring & co" })
  expect(namesOf([X], say)).toEqual(["campaign spring & co · channel x"])
  expect(sharedOf([X])).toEqual({})
  expect(namesOf([{ channel: "x" }, { profile: "acme" }], say)).toEqual(["channel x", "profile acme"])
})

test("a label that is empty is a label", () => {
  expect(textOf({ channel: "" })).toBe("channel=")
  expect(sidesOf(new URLSearchParams({ of: "channel=" }))).toEqual([{ channel: "" }])
})
