import { expect, test } from "vitest"
import type { LinkView } from "../../api/types"
import {
  blank,
  bodyOf,
  differences,
  fieldOf,
  formOf,
  pageOf,
  patchOf,
  publicAddress,
  rebased,
} from "./linkForm"

const link = {
  ...blank(),
  link: "go.example/spring",
  domain: "go.example",
  slug: "spring",
  destination: "https://example.com/a",
  tags: ["one", "two"],
  status: 302,
  pass_query: true,
  published_at: null,
  starts_at: null,
  expires_at: "2026-12-24T11:00:00Z",
} as unknown as LinkView

test("a form that nobody touched changes nothing", () => {
  const form = formOf(link, "Europe/Berlin")
  expect(form.expires_at).toBe("2026-12-24T12:00")
  expect(patchOf(form, form, "Europe/Berlin")).toBeNull()
})

test("only what was changed is sent, what was emptied is null, and lists and moments are theirs again", () => {
  const before = formOf(link, "Europe/Berlin")
  const after = {
    ...before,
    tags: "two, three",
    expires_at: "",
    pass_query: "",
    title: "Spring",
    status: "301",
  }
  expect(patchOf(before, after, "Europe/Berlin")).toEqual({
    tags: ["two", "three"],
    expires_at: null,
    pass_query: false,
    title: "Spring",
    status: 301,
  })
})

test("an emptied destination is sent as it is, so that the API can say what is wrong with it", () => {
  const before = formOf(link, "UTC")
  expect(patchOf(before, { ...before, destination: " " }, "UTC")).toEqual({ destination: "" })
  expect(bodyOf(blank(), "UTC")).toEqual({ destination: "" })
})

test("a new link says only what was filled in, and no slug where one is to be made up", () => {
  const form = blank({
    destination: " https://example.com/ ",
    pass_query: "yes",
    starts_at: "2026-07-01T14:00",
  })
  expect(bodyOf(form, "Europe/Berlin")).toEqual({
    destination: "https://example.com/",
    pass_query: true,
    starts_at: "2026-07-01T12:00:00Z",
  })
})

test("what I did not touch is theirs; what both changed stays mine and is said", () => {
  const base = blank({ title: "a", campaign: "x", post: "p" })
  const mine = { ...base, title: "mine", post: "q" }
  const theirs = { ...base, title: "theirs", campaign: "y" }
  expect(rebased(mine, base, theirs)).toEqual({ ...base, title: "mine", campaign: "y", post: "q" })
  expect(differences(mine, base, theirs)).toEqual([
    { field: "title", both: true },
    { field: "campaign", both: false },
  ])
})

test("a problem is led to its field, of a list's item too, and to none that the form does not have", () => {
  expect(fieldOf({ pointer: "/destination" })).toBe("destination")
  expect(fieldOf({ pointer: "/tags/3" })).toBe("tags")
  expect(fieldOf({ pointer: "/rules/0/name" })).toBeNull()
  expect(fieldOf({})).toBeNull()
})

test("a slug's parts stay parts in its public address and become one in that of its page", () => {
  const one = { domain: "go.example", slug: "a/grün" }
  expect(publicAddress(one)).toBe("https://go.example/a/gr%C3%BCn")
  expect(pageOf(one)).toBe("/links/go.example/a%2Fgr%C3%BCn")
  expect(publicAddress({ domain: "localhost:8080", slug: "a" })).toBe("http://localhost:8080/a")
})
