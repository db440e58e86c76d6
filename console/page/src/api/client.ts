import { type Operations, operations, type ProblemDetails } from "./types"

export type Name = keyof Operations
export type Answer<One extends Name> = Operations[One]["answer"]
export type Query<One extends Name> = Operations[One]["query"]

/** What a request carries; what an operation does not take need not be given. */
export interface Asking<One extends Name> {
  path?: Operations[One]["path"]
  query?: Operations[One]["query"]
  body?: Operations[One]["body"]
  headers?: Record<string, string>
  signal?: AbortSignal
}

/** A problem as the API tells it (RFC 9457), or one of the way to it: status 0. */
export class ProblemError extends Error {
  readonly details: ProblemDetails

  constructor(details: ProblemDetails) {
    super(details.detail)
    this.details = details
  }
}

/** Called when the API lets nobody in by this cookie, so that the page can lead to the sign-in. */
export const onSignedOut: { call: (problem: ProblemDetails) => void } = { call: () => undefined }

/** The address of an operation, for a fetch or for a link that saves a file. */
export function address<One extends Name>(name: One, asking: Asking<One> = {}, more?: object): string {
  const given = (asking.path ?? {}) as Record<string, string>
  const path = operations[name].path.replace(/\{(\w+)\}/g, (_, part: string) =>
    encodeURIComponent(given[part] ?? ""),
  )
  const query = new URLSearchParams()
  for (const [key, value] of Object.entries({ ...asking.query, ...more })) {
    if (value === undefined || value === null) continue
    for (const one of Array.isArray(value) ? value : [value]) query.append(key, String(one))
  }
  return query.size ? `${path}?${query}` : path
}

/** Ask; the answer's value. Rejects with ProblemError, or AbortError when the signal says so. */
export async function ask<One extends Name>(name: One, asking: Asking<One> = {}): Promise<Answer<One>> {
  const answer = await request(name, asking)
  const media = answer.headers.get("Content-Type") ?? ""
  if (answer.status === 204) return undefined as Answer<One>
  return (media.includes("json") && !media.includes("ndjson") ? answer.json() : answer.text()) as Promise<
    Answer<One>
  >
}

/** Ask; the answer itself, for who needs its headers or its stream. Rejects as `ask` does. */
export async function request<One extends Name>(name: One, asking: Asking<One> = {}): Promise<Response> {
  const { body, headers, signal } = asking
  const text = typeof body === "string"
  let answer: Response
  try {
    answer = await fetch(address(name, asking), {
      method: operations[name].method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        "Clicktally-Page": "1",
        ...(body === undefined ? {} : { "Content-Type": text ? "application/x-ndjson" : "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: text ? body : JSON.stringify(body) }),
      ...(signal ? { signal } : {}),
    })
  } catch (error) {
    if (isAbort(error)) throw error
    throw new ProblemError({ type: "unreachable", title: "", status: 0, detail: "" })
  }
  if (answer.ok) return answer
  const problem = await problemIn(answer)
  if (answer.status === 401) onSignedOut.call(problem)
  throw new ProblemError(problem)
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError"
}

/** The lines of an answer as they come, without their ends and without blank ones. Rejects as its stream does. */
export async function* linesOf(answer: Response): AsyncGenerator<string, void, undefined> {
  if (!answer.body) return
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ""
  for (;;) {
    const { done, value } = await reader.read()
    const lines = (rest + (value ?? "")).split("\n")
    rest = done ? "" : (lines.pop() ?? "")
    yield* lines.filter(Boolean)
    if (done) return
  }
}

async function problemIn(answer: Response): Promise<ProblemDetails> {
  try {
    return (await answer.json()) as ProblemDetails
  } catch (error) {
    if (isAbort(error)) throw error
    // A proxy on the way, say, that speaks HTML.
    return { type: "", title: answer.statusText, status: answer.status, detail: "" }
  }
}
