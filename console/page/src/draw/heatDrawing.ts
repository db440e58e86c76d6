import { box, type Drawing, type Shape } from "./drawing"

export const HOURS = 24
export const DAYS = 7
const ROW = 24
const LABELS = { left: 48, bottom: 24 }
const GAP = 2
const EVERY = 3

export interface HeatPlot {
  width: number
  /** Clicks by weekday (Monday first) and hour. */
  cells: readonly (readonly number[])[]
  days: readonly string[]
  at: number | null
}

/** Where the cells lie: the same for drawing and for pointing. */
export function heatFrame(width: number): { left: number; step: number; row: number } {
  return { left: LABELS.left, step: (width - LABELS.left) / HOURS, row: ROW }
}

/** The more clicks, the bluer: hours of a day from left to right, days from top to bottom. */
export function heatDrawing({ width, cells, days, at }: HeatPlot): Drawing {
  const { left, step } = heatFrame(width)
  const most = Math.max(...cells.flat(), 1)
  const shapes: Shape[] = []
  for (const [day, row] of cells.entries()) {
    const y = day * ROW
    shapes.push({ is: "text", x: 0, y: y + 17, text: days[day] ?? "", ink: "ink-soft", anchor: "start" })
    for (const [hour, value] of row.entries()) {
      const d = box(left + hour * step, y, Math.max(step - GAP, 1), ROW - GAP)
      shapes.push({ is: "path", d, fill: "quiet" })
      if (value > 0) shapes.push({ is: "path", d, fill: "clicks", opacity: 0.12 + 0.88 * (value / most) })
    }
  }
  for (let hour = 0; hour < HOURS; hour += EVERY) {
    shapes.push({
      is: "text",
      x: left + hour * step,
      y: DAYS * ROW + 16,
      text: String(hour),
      ink: "ink-soft",
      anchor: "start",
    })
  }
  if (at !== null) {
    const y = Math.floor(at / HOURS) * ROW
    const x = left + (at % HOURS) * step
    shapes.push({
      is: "path",
      d: box(x - 1, y - 1, Math.max(step - GAP, 1) + 2, ROW - GAP + 2),
      stroke: "ink",
      width: 2,
    })
  }
  return { width, height: DAYS * ROW + LABELS.bottom, shapes }
}

/** Rows of the API as a week of hours. */
export function weekOf(rows: readonly { weekday: number; hour: number; clicks: number }[]): number[][] {
  const cells = Array.from({ length: DAYS }, () => Array<number>(HOURS).fill(0))
  for (const { weekday, hour, clicks } of rows) {
    const row = cells[weekday - 1]
    if (row && hour in row) row[hour] = (row[hour] ?? 0) + clicks
  }
  return cells
}
