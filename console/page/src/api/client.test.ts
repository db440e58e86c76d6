import { expect, test } from "vitest"
import { linesOf } from "./client"

/** An answer whose body comes in these pieces. */
function answerOf(pieces: readonly Uint8Array[]): Response {
  return new Response(
    new ReadableStream({
      start(controller) {
        for (const piece of pieces) controller.enqueue(piece)
        controller.close()
      },
    }),
  )
}

test("lines come whole, wherever the network cut them, in the middle of a letter too", async () => {
  const bytes = new TextEncoder().encode('{"line":1}\n\n{"problem":"grün"}\nlast')
  for (let cut = 0; cut <= bytes.length; cut++) {
    const lines: string[] = []
    const answer = answerOf([bytes.slice(0, cut), bytes.slice(cut)])
    for await (const line of linesOf(answer)) lines.push(line)
    expect(lines).toEqual(['{"line":1}', '{"problem":"grün"}', "last"])
  }
})

test("an answer without a body has no lines", async () => {
  for await (const line of linesOf(new Response(null))) throw new Error(line)
})

test("a line is there before the next one came", async () => {
  let send: (text: string) => void = () => undefined
  const body = new ReadableStream({
    start(controller) {
      send = text => controller.enqueue(new TextEncoder().encode(text))
    },
  })
  const lines = linesOf(new Response(body))
  send("first\n")
  expect(await lines.next()).toEqual({ done: false, value: "first" })
})
