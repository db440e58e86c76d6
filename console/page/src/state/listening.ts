import { useEffect, useRef, useState } from "preact/hooks"
import { address } from "../api/client"
import type { LiveRow } from "../api/types"
import { type LiveRows, merged, waitMs } from "./liveRows"

/** What is heard: `since` is when hearing ended, where it has. */
export interface Heard {
  rows: LiveRows
  connected: boolean
  since: number | null
}

export const NOTHING_HEARD: Heard = { rows: new Map(), connected: false, since: null }

/**
 * Listen while this is shown and `on`, to all that the reader may hear or what a query says; a connection that broke
 * or was refused is tried again, ever more slowly.
 */
export function useListening(on: boolean, query: { account?: string; campaign?: string } = {}): Heard {
  const [heard, setHeard] = useState(NOTHING_HEARD)
  const key = JSON.stringify(query)
  const of = useRef(key)

  useEffect(() => {
    if (of.current !== key) setHeard(NOTHING_HEARD)
    of.current = key
    if (!on) {
      setHeard(before => ({ ...before, connected: false, since: Date.now() }))
      return
    }
    let events: EventSource | undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    let failures = 0

    function open(): void {
      let fresh = true
      events = new EventSource(address("listen", { query: JSON.parse(key) }))
      events.addEventListener("open", () => {
        failures = 0
        setHeard(before => ({ ...before, connected: true, since: null }))
      })
      events.addEventListener("counts", (event: MessageEvent<string>) => {
        const told = JSON.parse(event.data) as LiveRow[]
        // Whoever comes anew is told all that there is.
        const anew = fresh
        fresh = false
        setHeard(before => ({
          rows: merged(anew ? new Map() : before.rows, told, Date.now()),
          connected: true,
          since: null,
        }))
      })
      events.addEventListener("error", () => {
        events?.close()
        timer = setTimeout(open, waitMs(failures))
        failures += 1
        setHeard(before => ({ ...before, connected: false, since: before.since ?? Date.now() }))
      })
    }

    open()
    return () => {
      events?.close()
      clearTimeout(timer)
    }
  }, [on, key])
  return heard
}

/** Now, anew every so often. */
export function useNow(everyMs: number, on: boolean): number {
  const [now, setNow] = useState(Date.now())
  useEffect(() => {
    if (!on) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), everyMs)
    return () => clearInterval(timer)
  }, [everyMs, on])
  return now
}
