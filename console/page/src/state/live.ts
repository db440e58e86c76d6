import { useEffect, useState } from "preact/hooks"
import { address } from "../api/client"

/** What one minute holds of a post by now, as the API tells it. */
export interface LiveRow {
  minute: string
  account: string
  campaign: string
  post: string
  channel: string
  clicks: number
  gross_clicks: number
  impressions: number
}

/** Whether counts are being told as they change, and what the last ten minutes hold. */
export interface Live {
  connected: boolean
  clicks: number
  impressions: number
}

const WINDOW_MS = 600_000
const SETTLED_MS = 2000

/**
 * Listen while this is shown; `changed` is called soon after counts changed, once for many changes. The first that is
 * told may be what was already there, or a change where there was nothing: it counts as one.
 */
export function useLive(query: { account?: string; campaign?: string }, changed: () => void): Live {
  const [live, setLive] = useState<Live>({ connected: false, clicks: 0, impressions: 0 })
  const key = JSON.stringify(query)

  useEffect(() => {
    const rows = new Map<string, LiveRow>()
    const events = new EventSource(address("listen", { query: JSON.parse(key) }))
    let timer: ReturnType<typeof setTimeout> | undefined

    function told(event: MessageEvent<string>): void {
      for (const row of JSON.parse(event.data) as LiveRow[]) {
        rows.set(JSON.stringify([row.minute, row.account, row.campaign, row.post, row.channel]), row)
      }
      setLive(sumOfLast(rows))
      timer ??= setTimeout(settled, SETTLED_MS)
    }

    function settled(): void {
      timer = undefined
      changed()
    }

    events.addEventListener("counts", told)
    events.addEventListener("open", () => setLive(before => ({ ...before, connected: true })))
    events.addEventListener("error", () => setLive(before => ({ ...before, connected: false })))
    return () => {
      events.close()
      clearTimeout(timer)
    }
  }, [key])
  return live
}

function sumOfLast(rows: Map<string, LiveRow>): Live {
  const since = Date.now() - WINDOW_MS
  let clicks = 0
  let impressions = 0
  for (const [key, row] of rows) {
    if (Date.parse(row.minute) < since) rows.delete(key)
    else {
      clicks += row.clicks
      impressions += row.impressions
    }
  }
  return { connected: true, clicks, impressions }
}
