import { axisEnd, box, type Drawing, type Ink, line, type Shape } from "./drawing"
import { CHARACTER, labelShapes } from "./seriesDrawing"

/** Counts of windows as bars on one axis from 0. */
export interface BarsPlot {
  width: number
  values: readonly number[]
  labels: readonly string[]
  /** Whether the last window is not over yet. */
  open: boolean
  at: number | null
  ink: Ink
  write: (value: number) => string
}

const TOP = 8
const TALL = 96
const BELOW = 24
/** Where half of the last label has room. */
const MARGIN = 24
export const BARS_HEIGHT = TOP + TALL + BELOW

/** Where the bars lie: the same for drawing and for pointing. */
export function barsFrame(plot: Pick<BarsPlot, "width" | "values" | "write">): {
  left: number
  right: number
  step: number
} {
  const end = endOf(plot.values)
  const longest = Math.max(plot.write(end).length, plot.write(end / 2).length)
  const left = Math.ceil(longest * CHARACTER) + 8
  const right = plot.width - MARGIN
  return { left, right, step: (right - left) / Math.max(plot.values.length, 1) }
}

/** The window that a place from the left lies in; null beside them all. */
export function barAt(plot: Pick<BarsPlot, "width" | "values" | "write">, x: number): number | null {
  const { left, step } = barsFrame(plot)
  const index = Math.floor((x - left) / step)
  return index >= 0 && index < plot.values.length ? index : null
}

/** Bars from left to right; one that is not over is dashed, and the one that is pointed at stands on a ground. */
export function barsDrawing(plot: BarsPlot): Drawing {
  const { width, values, labels, open, at, ink, write } = plot
  const { left, right, step } = barsFrame(plot)
  const end = endOf(values)
  const ground = TOP + TALL
  const middle = (index: number) => left + (index + 0.5) * step
  const shapes: Shape[] = []
  if (at !== null) shapes.push({ is: "path", d: box(left + at * step, TOP, step, TALL), fill: "quiet" })
  for (const part of [0, 0.5, 1]) {
    const y = ground - part * TALL
    const stroke = part ? "line" : "line-strong"
    const ends = [
      [left, y],
      [right, y],
    ] as const
    shapes.push({ is: "path", d: line(ends), stroke, width: 1 })
    shapes.push({
      is: "text",
      x: left - 8,
      y: y + 5,
      text: write(end * part),
      ink: "ink-soft",
      anchor: "end",
    })
  }
  const bar = Math.min(Math.max(step * 0.56, 1), 32)
  let closed = ""
  for (const [index, value] of values.entries()) {
    const tall = (Math.max(value, 0) / end) * TALL
    if (open && index === values.length - 1) {
      const d = box(middle(index) - bar / 2 + 0.75, ground - tall, Math.max(bar - 1.5, 0.5), tall)
      shapes.push({ is: "path", d, fill: "quiet", stroke: ink, width: 1.5, dash: [3, 2] })
    } else closed += box(middle(index) - bar / 2, ground - tall, bar, tall)
  }
  shapes.push({ is: "path", d: closed, fill: ink }, ...labelShapes(labels, middle, step, ground))
  return { width, height: BARS_HEIGHT, shapes }
}

function endOf(values: readonly number[]): number {
  return axisEnd(Math.max(...values, 0))
}
