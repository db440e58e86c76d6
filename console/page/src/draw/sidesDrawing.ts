import { axisEnd, box, type Drawing, dot, line, type Shape } from "./drawing"

const ROW = 48
const NAME = 20
const MARK = 36

/** A side of a comparison: its value with its interval, where it has one, and what is said of it. */
export interface DrawnSide {
  name: string
  value: number | null
  from: number | null
  to: number | null
  /** The value, written. */
  text: string
  says: string
  enough: boolean
}

/** Sides below each other on one axis from 0: a ratio as a mark with its interval, a count as a bar. */
export function sidesDrawing(props: {
  width: number
  sides: readonly DrawnSide[]
  bars: boolean
  write: (value: number) => string
}): Drawing {
  const { width, sides, bars, write } = props
  const most = Math.max(...sides.map(side => Math.max(side.to ?? 0, side.value ?? 0)), 0)
  const end = axisEnd(most, bars ? 2 : 1e-4)
  const x = (value: number) => Math.min(Math.max(value / end, 0), 1) * width
  const shapes: Shape[] = []
  for (const [index, side] of sides.entries()) {
    const { name, value, from, to, text, says, enough } = side
    const top = index * ROW
    const y = top + MARK
    shapes.push(
      { is: "text", x: 0, y: top + NAME, text: name, ink: "ink", anchor: "start", strong: true },
      {
        is: "text",
        x: width,
        y: top + NAME,
        text: [text, says].filter(Boolean).join(" · "),
        ink: "ink-soft",
        anchor: "end",
      },
    )
    if (bars) {
      const d = box(0, y - 6, x(value ?? 0), 12)
      shapes.push(
        enough ? { is: "path", d, fill: "clicks" } : { is: "path", d, stroke: "clicks", dash: [3, 2] },
      )
      continue
    }
    const axis = line([
      [0, y],
      [width, y],
    ])
    shapes.push({ is: "path", d: axis, stroke: "line", width: 1 })
    if (from !== null && to !== null) {
      const d = line([
        [x(from), y],
        [x(to), y],
      ])
      shapes.push({ is: "path", d, stroke: "ink", width: 2, ...(enough ? {} : { dash: [3, 3] }) })
    }
    if (value !== null) {
      const d = dot(x(value), y, 4)
      shapes.push(
        enough
          ? { is: "path", d, fill: "ink" }
          : { is: "path", d, fill: "raised", stroke: "ink", width: 1.5 },
      )
    }
  }
  const ground = sides.length * ROW + 8
  shapes.push(
    { is: "text", x: 0, y: ground + 12, text: write(0), ink: "ink-soft", anchor: "start" },
    { is: "text", x: width, y: ground + 12, text: write(end), ink: "ink-soft", anchor: "end" },
  )
  return { width, height: ground + 16, shapes }
}
