import { beforeEach, expect, test, vi } from "vitest"

const answers = vi.hoisted(() => {
  vi.stubGlobal("location", { pathname: "/shared", search: "" })
  vi.stubGlobal("history", { pushState: () => undefined, replaceState: () => undefined })
  return { status: 200, type: "" }
})
vi.stubGlobal("fetch", () =>
  Promise.resolve(
    Response.json(
      answers.status === 200
        ? { kind: "token", name: "Ann", roles: [] }
        : { type: answers.type, status: 401 },
      { status: answers.status },
    ),
  ),
)

import { learnSession, session, shareEnded, signIn } from "./session"

beforeEach(() => {
  answers.status = 200
})

test("who opens a share that has ended is told so, and whoever was signed in goes on as before", async () => {
  await learnSession()
  Object.assign(answers, { status: 401, type: "/problems/share-ended" })
  await expect(signIn({ share: "cts_1" })).rejects.toThrow()
  expect([shareEnded.value, session.value]).toEqual([true, null])

  answers.status = 200
  await learnSession()
  expect([shareEnded.value, session.value?.name]).toEqual([false, "Ann"])
})
