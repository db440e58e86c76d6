import { useEffect, useRef, useState } from "preact/hooks"
import { Drawn } from "../draw/Drawn"
import type { Drawing } from "../draw/drawing"
import "./plot.css"

/** What a plot is: how it is drawn at a width, what it says where the reader points, and how keys move there. */
export interface Readable {
  name: string
  count: number
  /** How far the arrows up and down go; 0: not at all. */
  row?: number
  draw: (width: number, at: number | null) => Drawing
  /** The place that a pointer is at; null outside. */
  find: (width: number, x: number, y: number) => number | null
  says: (at: number) => string
  /** What stands in the line above while nobody points. */
  rests: string
}

const FIRST_WIDTH = 960

/** A plot as wide as its place, with a line that reads out what is pointed at, by pointer or by keys. */
export function Plot({ of }: { of: Readable }) {
  const [width, setWidth] = useState(0)
  const [at, setAt] = useState<number | null>(null)
  const [held, setHeld] = useState(of.count - 1)
  const place = useRef<HTMLDivElement>(null)

  useEffect(() => {
    const element = place.current
    if (!element) return
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)))
    observer.observe(element)
    setWidth(Math.floor(element.clientWidth) || FIRST_WIDTH)
    return () => observer.disconnect()
  }, [])

  const here = at !== null && at < of.count ? at : null
  const drawing = width ? of.draw(width, here) : null

  function point(event: PointerEvent): void {
    const { left, top } = (event.currentTarget as Element).getBoundingClientRect()
    setAt(of.find(width, event.clientX - left, event.clientY - top))
  }

  function press(event: KeyboardEvent): void {
    const steps: Record<string, number> = {
      ArrowLeft: -1,
      ArrowRight: 1,
      ArrowUp: -(of.row ?? 0),
      ArrowDown: of.row ?? 0,
      Home: -of.count,
      End: of.count,
    }
    const step = steps[event.key]
    if (event.key === "Escape") setAt(null)
    if (!step) return
    event.preventDefault()
    const next = Math.min(Math.max((at ?? held) + step, 0), of.count - 1)
    setAt(next)
    setHeld(next)
  }

  return (
    <div class="plot">
      <p class="readout">{here === null ? <span class="soft">{of.rests}</span> : of.says(here)}</p>
      <div
        ref={place}
        class="canvas"
        role="slider"
        tabIndex={0}
        aria-label={of.name}
        aria-valuemin={0}
        aria-valuemax={Math.max(of.count - 1, 0)}
        aria-valuenow={Math.max(here ?? Math.min(held, of.count - 1), 0)}
        aria-valuetext={of.count ? of.says(here ?? Math.max(Math.min(held, of.count - 1), 0)) : of.rests}
        onPointerMove={point}
        onPointerDown={point}
        onPointerLeave={() => setAt(null)}
        onKeyDown={press}
        onFocus={event =>
          event.currentTarget.matches(":focus-visible") && setAt(Math.min(held, of.count - 1))
        }
        onBlur={() => setAt(null)}
      >
        {drawing && <Drawn drawing={drawing} />}
      </div>
    </div>
  )
}
