import type { ComponentType } from "preact"
import { useEffect, useState } from "preact/hooks"
import { Failed, Skeleton } from "../parts/states"

type Draw = ComponentType<{ parts: Record<string, string> }>

const HEIGHT = 400
const AFTER_MS = 1500
const loads: (() => Promise<unknown>)[] = []

/** A view that comes in a file of its own, when it is first shown or once nothing else is on its way. */
export function lazily(load: () => Promise<Draw>): Draw {
  let known: Draw | undefined
  async function learn(): Promise<void> {
    known ??= await load()
  }
  loads.push(learn)

  return function Lazy(props) {
    const [state, setState] = useState<"waits" | "there" | "failed">(known ? "there" : "waits")
    useEffect(() => {
      learn().then(
        () => setState("there"),
        () => setState("failed"),
      )
    }, [])
    const Draw = known
    if (Draw) return <Draw {...props} />
    if (state === "waits") return <Skeleton height={HEIGHT} />
    // The console is away, or has a newer page, whose files have other names.
    const problem = { type: "unreachable", title: "", status: 0, detail: "" }
    return <Failed problem={problem} again={() => location.reload()} />
  }
}

/** Fetch all views, so that each is there at once, and also when the console goes away. */
export function fetchViews(): void {
  setTimeout(() => {
    for (const load of loads) load().catch(() => undefined)
  }, AFTER_MS)
}
