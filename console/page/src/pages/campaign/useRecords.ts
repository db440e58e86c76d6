import { useEffect, useState } from "preact/hooks"
import { ask, ProblemError } from "../../api/client"
import type { PostView } from "../../api/types"
import type { Whose } from "./useFacts"

const A_PAGE = 1000
const AGAIN_MS = 300_000

/** The records of all posts of a campaign, however many pages they are; nobody's for null. */
export function useRecords(whose: Whose | null): readonly PostView[] {
  const [known, setKnown] = useState<{ of: string; posts: readonly PostView[] }>({ of: "", posts: [] })
  const [round, setRound] = useState(0)
  const key = whose ? JSON.stringify(whose) : ""

  useEffect(() => {
    if (!key) return
    const control = new AbortController()
    const { campaign, account } = JSON.parse(key) as Whose

    async function read(): Promise<void> {
      const posts: PostView[] = []
      for (let cursor: string | null = ""; cursor !== null; ) {
        const page: { posts: PostView[]; next: string | null } = await ask("listPosts", {
          path: { campaign },
          query: {
            limit: A_PAGE,
            ...(account === undefined ? {} : { account }),
            ...(cursor ? { cursor } : {}),
          },
          signal: control.signal,
        })
        posts.push(...page.posts)
        cursor = page.next
      }
      setKnown({ of: key, posts })
    }

    // Without their texts, posts have their names; what keeps the counts away says so itself.
    read().catch((error: unknown) => {
      if (!(error instanceof ProblemError || control.signal.aborted)) throw error
    })
    const timer = setInterval(() => document.hidden || setRound(one => one + 1), AGAIN_MS)
    return () => {
      control.abort()
      clearInterval(timer)
    }
  }, [key, round])

  return known.of === key ? known.posts : NOBODYS
}

const NOBODYS: readonly PostView[] = []
