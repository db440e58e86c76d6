import { ask, linesOf, ProblemError, request } from "../../api/client"
import type { BulkAnswer, NewLink, ProblemDetails } from "../../api/types"
import { words } from "../../text/en"
import type { Pasted } from "./bulkLines"

/** What became of a line; a status of 0: nobody knows. */
export type Result = BulkAnswer

/** Lines in one request; their answers come one by one while it lasts. */
const AT_ONCE = 5000
const TRIES = 4
const WAIT_MS = 1000

/** Send the lines in their order; `told` is called with each answer. `keys` names each line, so that it is done once. */
export async function send(
  lines: readonly Pasted[],
  keys: readonly string[],
  told: (result: Result) => void,
): Promise<void> {
  let puts: Extract<Pasted, { put: unknown }>[] = []
  for (const [index, one] of lines.entries()) {
    if ("put" in one) puts.push(one)
    if (puts.length && (!("put" in one) || puts.length === AT_ONCE)) {
      await put(puts, told)
      puts = []
    }
    if ("wrong" in one)
      told({ line: one.line, status: 422, problem: words.links.paste.wrong[one.wrong] ?? "" })
    if ("make" in one) told({ line: one.line, ...(await make(one.make, keys[index] ?? "")) })
  }
  if (puts.length) await put(puts, told)
}

async function make(body: NewLink, key: string): Promise<Omit<Result, "line">> {
  for (let left = TRIES; ; left--) {
    try {
      const { link, etag } = await ask("createLink", { body, headers: { "Idempotency-Key": key } })
      return { status: 201, link, etag }
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      if (!left || !passes(error.details)) return refusal(error.details)
    }
    await new Promise(done => setTimeout(done, WAIT_MS))
  }
}

/** Whether it may go well later: too many at once, or no console writes at the moment. */
function passes({ status }: ProblemDetails): boolean {
  return status === 429 || status === 503 || status === 0
}

function refusal(details: ProblemDetails): Omit<Result, "line"> {
  const { status, detail, title, pointer } = details
  const problem = status === 0 ? words.links.paste.unsure : detail || title
  return { status, problem, ...(pointer ? { pointer } : {}) }
}

/** A stream of lines, answered by a stream. A line that got no answer is said to be unknown. */
async function put(
  lines: Extract<Pasted, { put: unknown }>[],
  told: (result: Result) => void,
): Promise<void> {
  let answered = 0
  try {
    const body = lines.map(one => `${JSON.stringify(one.put)}\n`).join("")
    for await (const line of linesOf(await request("bulkLinks", { body }))) {
      const answer = JSON.parse(line) as BulkAnswer
      const one = lines[answer.line - 1]
      if (!one) continue
      told({ ...answer, line: one.line })
      answered = answer.line
    }
  } catch (error) {
    if (error instanceof ProblemError) {
      for (const one of lines.slice(answered)) told({ line: one.line, ...refusal(error.details) })
      return
    }
    if (!(error instanceof TypeError)) throw error
  }
  for (const one of lines.slice(answered))
    told({ line: one.line, status: 0, problem: words.links.paste.unsure })
}
