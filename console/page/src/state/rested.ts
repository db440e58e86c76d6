import { useEffect, useRef } from "preact/hooks"

/** `act`, but not sooner than `restMs` after it was last done: what is wanted meanwhile is done once, then. */
export function useRested(act: () => void, restMs: number): () => void {
  const latest = useRef({ act, restMs })
  const doneAt = useRef(0)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)
  latest.current = { act, restMs }
  useEffect(() => () => clearTimeout(timer.current), [])

  function done(): void {
    timer.current = undefined
    doneAt.current = Date.now()
    latest.current.act()
  }

  return () => {
    const left = doneAt.current + latest.current.restMs - Date.now()
    if (left <= 0) done()
    else timer.current ??= setTimeout(done, left)
  }
}
