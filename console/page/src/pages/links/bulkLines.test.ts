import { expect, test } from "vitest"
import { pastedOf } from "./bulkLines"

test("a destination makes a link, with the slug that follows it and the labels of all", () => {
  expect(pastedOf("https://a.example/x\nb.example/y\tspring", "go.example", { campaign: "c" })).toEqual([
    {
      line: 1,
      text: "https://a.example/x",
      make: { campaign: "c", destination: "https://a.example/x", domain: "go.example" },
    },
    {
      line: 2,
      text: "b.example/y\tspring",
      make: { campaign: "c", destination: "https://b.example/y", domain: "go.example", slug: "spring" },
    },
  ])
})

test("a line of JSON is taken as it is, of the domain that it names or the chosen one", () => {
  const [first, second] = pastedOf(
    '{"slug":"a"}\n{"domain":"x.example","slug":"b","delete":true}',
    "go.example",
    {
      campaign: "c",
    },
  )
  expect(first).toMatchObject({ put: { domain: "go.example", slug: "a" } })
  expect(second).toMatchObject({ put: { domain: "x.example", slug: "b", delete: true } })
})

test("blank lines are passed over but counted, and what cannot be read is said at its line", () => {
  expect(pastedOf("\r\n  \n{oops\n\nspring", "", {})).toEqual([
    { line: 3, text: "{oops", wrong: "json" },
    { line: 5, text: "spring", wrong: "no destination" },
  ])
  expect(pastedOf("", "", {})).toEqual([])
})
