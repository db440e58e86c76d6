import { expect, test } from "vitest"
import type { LinkView } from "../../api/types"
import { moved, newRule, newVariant, sharesOf } from "./branches"
import { addressAt, blank, bodyOf, differences, fieldOf, formOf, patchOf, placeOf, rebased } from "./linkForm"

const link = {
  ...blank(),
  link: "go.example/spring",
  domain: "go.example",
  slug: "spring",
  destination: "https://example.com/a",
  tags: ["one", "two"],
  status: 302,
  pass_query: true,
  add_utm: true,
  weight: 1,
  variants: [{ number: 2, name: "B", destination: "https://example.com/b", weight: 3 }],
  rules: [
    {
      number: 1,
      name: "Alps",
      destination: "https://example.com/alps",
      countries: ["AT", "CH"],
      languages: [],
      devices: ["ios"],
    },
  ],
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
    { part: "title", both: true },
    { part: "campaign", both: false },
  ])
})

test("a problem is led to its field, of a list's item too, and to none that the form does not have", () => {
  expect(fieldOf({ pointer: "/destination" })).toBe("destination")
  expect(fieldOf({ pointer: "/tags/3" })).toBe("tags")
  expect(fieldOf({ pointer: "/rules/0/name" })).toBeNull()
  expect(fieldOf({})).toBeNull()
})

test("a slug's parts stay parts in its public address", () => {
  expect(addressAt({ domain: "go.example", slug: "a/grün" }, {})).toBe("https://go.example/a/gr%C3%BCn")
})

test("a link is opened where the installation says that its domain answers", () => {
  const urls = { "": "http://{domain}:8080", "go.example": "https://go.example" }
  expect(addressAt({ domain: "localhost", slug: "a" }, urls)).toBe("http://localhost:8080/a")
  expect(addressAt({ domain: "go.example", slug: "a" }, urls)).toBe("https://go.example/a")
})

test("destinations that nobody touched are not sent; one that is renamed keeps its number", () => {
  const before = formOf(link, "UTC")
  expect(patchOf(before, formOf(link, "UTC"), "UTC")).toBeNull()
  const [variant] = before.variants
  if (!variant) throw new Error("the link has a variant")
  const after = { ...before, variants: [{ ...variant, name: "Bold", weight: "" }] }
  expect(patchOf(before, after, "UTC")).toEqual({
    variants: [{ number: 2, name: "Bold", destination: "https://example.com/b" }],
  })
  expect(patchOf(before, { ...before, variants: [], rules: [] }, "UTC")).toEqual({
    variants: null,
    rules: null,
  })
})

test("a new rule has no number, and its conditions are written as the API takes them", () => {
  const rule = { ...newRule([]), name: " DACH ", destination: "https://example.com/de" }
  const form = blank({
    destination: "https://example.com/",
    rules: [{ ...rule, countries: "de, at", languages: "DE_at", devices: ["ios", "toaster"] }],
  })
  expect(bodyOf(form, "UTC")).toEqual({
    destination: "https://example.com/",
    rules: [
      {
        name: "DACH",
        destination: "https://example.com/de",
        countries: ["DE", "AT"],
        languages: ["de-at"],
        devices: ["ios"],
      },
    ],
  })
})

test("the parameter for the click's id is a text like others: sent where it is given, null where it is emptied", () => {
  const form = blank({ destination: "a", click_id_parameter: " ct_click " })
  expect(bodyOf(form, "UTC")).toEqual({ destination: "a", click_id_parameter: "ct_click" })
  const before = formOf({ ...link, click_id_parameter: "ct_click" }, "UTC")
  expect(before.click_id_parameter).toBe("ct_click")
  expect(patchOf(before, { ...before, click_id_parameter: "" }, "UTC")).toEqual({ click_id_parameter: null })
})

test("a number that is none is sent as it was written, so that the API can say what is wrong", () => {
  expect(bodyOf(blank({ destination: "a", weight: "two" }), "UTC")).toEqual({
    destination: "a",
    weight: "two",
  })
})

test("UTM parameters that are not to be added are said so, on a new link too", () => {
  expect(bodyOf(blank({ destination: "a", add_utm: "" }), "UTC")).toEqual({
    destination: "a",
    add_utm: false,
  })
})

test("a destination that others removed meanwhile is given a new number when mine are saved", () => {
  const base = formOf(link, "UTC")
  const [variant] = base.variants
  if (!variant) throw new Error("the link has a variant")
  const mine = { ...base, variants: [{ ...variant, weight: "5" }, newVariant(base.variants)] }
  const theirs = { ...base, variants: [] }
  const numbers = rebased(mine, base, theirs).variants.map(one => one.number)
  expect(numbers.every(one => one < 0)).toBe(true)
  expect(new Set(numbers).size).toBe(2)
  expect(differences(mine, base, theirs)).toEqual([{ part: "variants", both: true }])
})

test("what is refused within a list is said at the entry's own input", () => {
  expect(placeOf({ pointer: "/rules/0/countries/2" })).toBe("rules-0-countries")
  expect(placeOf({ pointer: "/rules/3" })).toBe("rules-3-countries")
  expect(placeOf({ pointer: "/variants/1/destination" })).toBe("variants-1-destination")
  expect(placeOf({ pointer: "/variants/1/number" })).toBe("variants-1-name")
  expect(placeOf({ pointer: "/variants" })).toBe("variants")
  expect(placeOf({ pointer: "/weight" })).toBe("weight")
  expect(placeOf({ pointer: "/tags/3" })).toBe("tags")
  expect(placeOf({ pointer: "" })).toBeNull()
})

test("a variant's share is its part of all weights, the link's own among them", () => {
  const variants = [{ ...newVariant([]), weight: "2" }]
  expect(sharesOf("", variants)).toEqual([1 / 3, 2 / 3])
  expect(sharesOf("0", [])).toEqual([null])
  expect(sharesOf("x", variants)).toEqual([null, null])
})

test("an entry moves by one place and not beyond the ends", () => {
  expect(moved(["a", "b", "c"], 2, 1)).toEqual(["a", "c", "b"])
  expect(moved(["a", "b"], 0, -1)).toEqual(["a", "b"])
  expect(moved(["a", "b"], 1, 2)).toEqual(["a", "b"])
})
