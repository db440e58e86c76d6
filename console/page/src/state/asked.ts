import { useEffect, useRef, useState } from "preact/hooks"
import { type Answer, type Asking, ask, type Name, ProblemError } from "../api/client"
import type { ProblemDetails } from "../api/types"

/** What is known of an answer: `data` stays while it is asked for anew or when that failed, as of `at`. */
export interface Asked<Value> {
  data: Value | undefined
  at: number | undefined
  problem: ProblemDetails | undefined
  loading: boolean
  /** Whether `data` is the answer to what was asked before: it may be shown, and is to be marked as such. */
  former: boolean
  again: () => void
}

interface Known<Value> {
  /** Of which request `data` is the answer, and what that was about. */
  of?: string
  about?: string
  data?: Value
  at?: number
  problem?: ProblemDetails
  loading: boolean
}

const AGAIN_MS = 60_000

/**
 * Ask while this is shown, each minute while somebody looks, and anew when the request changes; null asks nothing.
 * A request that nobody waits for any more is aborted. `about`: what tells an answer from a former one, where a request
 * changes by itself, too, as one does that asks up to now.
 */
export function useAsked<One extends Name>(
  name: One,
  asking: Omit<Asking<One>, "signal"> | null,
  { everyMs = AGAIN_MS, about }: { everyMs?: number; about?: string } = {},
): Asked<Answer<One>> {
  const [known, setKnown] = useState<Known<Answer<One>>>({ loading: true })
  const [round, setRound] = useState(0)
  const key = asking && JSON.stringify(asking)
  const meant = key && (about ?? key)
  const latest = useRef(asking)
  latest.current = asking

  useEffect(() => {
    if (key === null || !latest.current) return
    const control = new AbortController()
    setKnown(before => ({ ...before, loading: true }))
    ask(name, { ...latest.current, signal: control.signal })
      .then(data => {
        if (!control.signal.aborted)
          setKnown({ of: key, ...(meant ? { about: meant } : {}), data, at: Date.now(), loading: false })
      })
      .catch((error: unknown) => {
        if (control.signal.aborted) return
        if (!(error instanceof ProblemError)) throw error
        // What another request was answered does not stand in for this one's answer.
        const { details: problem } = error
        setKnown(before =>
          before.of === key ? { ...before, problem, loading: false } : { problem, loading: false },
        )
      })
    return () => control.abort()
  }, [name, key, round])

  useEffect(() => {
    if (!everyMs) return
    const timer = setInterval(() => document.hidden || setRound(one => one + 1), everyMs)
    return () => clearInterval(timer)
  }, [everyMs])

  return {
    data: known.data,
    at: known.at,
    problem: known.problem,
    // Of another request than before it is loading at once, not only after the next paint.
    loading: known.loading || (key !== null && known.of !== key && !known.problem),
    former: known.data !== undefined && meant !== null && known.about !== meant,
    again: () => setRound(one => one + 1),
  }
}
