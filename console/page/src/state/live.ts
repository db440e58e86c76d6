import { useEffect, useRef } from "preact/hooks"
import { NOTHING_HEARD, useListening, useNow } from "./listening"
import { tenMinutes } from "./liveRows"

/** Whether counts are being told as they change, and what the last ten minutes hold. */
export interface Live {
  connected: boolean
  clicks: number
  impressions: number
}

const SETTLED_MS = 2000
const EVERY_MS = 10_000

/**
 * Listen while this is shown; `changed` is called soon after counts changed, once for many changes. The first that is
 * told may be what was already there, or a change where there was nothing: it counts as one.
 */
export function useLive(query: { account?: string; campaign?: string }, changed: () => void): Live {
  const { rows, connected } = useListening(true, query)
  const now = useNow(EVERY_MS, connected)
  const latest = useRef(changed)
  latest.current = changed
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)

  useEffect(() => {
    if (rows === NOTHING_HEARD.rows) return
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      latest.current()
    }, SETTLED_MS)
  }, [rows])
  useEffect(() => () => clearTimeout(timer.current), [])

  const { clicks, impressions } = tenMinutes(rows.values(), now)
  return { connected, clicks, impressions }
}
