import { box, type Drawing, type Shape } from "./drawing"

/** A line of a picture of ranked values: its name, its bar as a part of the longest, its number. */
export interface RankedLine {
  name: string
  part: number
  number: string
  other: boolean
}

const ROW = 32
const NAME = 240
const NUMBER = 128

/** Values below each other with bars from one ground line. */
export function rankedDrawing(width: number, lines: readonly RankedLine[]): Drawing {
  const room = width - NAME - NUMBER
  const shapes = lines.flatMap(({ name, part, number, other }, index): Shape[] => {
    const y = index * ROW
    return [
      { is: "text", x: 0, y: y + 21, text: name, ink: other ? "ink-soft" : "ink", anchor: "start" },
      {
        is: "path",
        d: box(NAME, y + 8, Math.max(part * room, 1), ROW - 16),
        fill: other ? "clicks-soft" : "clicks",
      },
      { is: "text", x: width, y: y + 21, text: number, ink: "ink", anchor: "end" },
    ]
  })
  return { width, height: lines.length * ROW, shapes }
}
