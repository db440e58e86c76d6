import { useEffect, useState } from "preact/hooks"

const MINUTE_MS = 60_000

/** Now, as of the last whole minute: what is asked of the API changes no more often than its windows do. */
export function useMinute(): number {
  const [now, setNow] = useState(minute)
  useEffect(() => {
    const timer = setInterval(() => document.hidden || setNow(minute()), MINUTE_MS)
    return () => clearInterval(timer)
  }, [])
  return now
}

function minute(): number {
  return Math.floor(Date.now() / MINUTE_MS) * MINUTE_MS
}
