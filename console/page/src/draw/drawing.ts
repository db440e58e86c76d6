/** What is drawn, as values: on the screen it becomes SVG, in a picture that is saved a canvas. */

/** A colour by its meaning, a custom property of tokens.css. */
export type Ink =
  | "ink"
  | "ink-soft"
  | "line"
  | "line-strong"
  | "clicks"
  | "clicks-soft"
  | "impressions"
  | "impressions-soft"
  | "attention"
  | "ground"
  | "raised"
  | "quiet"

export interface PathShape {
  is: "path"
  d: string
  fill?: Ink
  stroke?: Ink
  width?: number
  dash?: readonly number[]
  opacity?: number
}

export interface TextShape {
  is: "text"
  x: number
  y: number
  text: string
  ink: Ink
  anchor: "start" | "middle" | "end"
  strong?: boolean
}

export type Shape = PathShape | TextShape

/** Shapes from back to front, in CSS pixels. */
export interface Drawing {
  width: number
  height: number
  shapes: readonly Shape[]
}

/** A rectangle as a path; its ends lie on whole pixels where the numbers do. */
export function box(x: number, y: number, width: number, height: number): string {
  return `M${round(x)} ${round(y)}h${round(width)}v${round(height)}h${round(-width)}z`
}

/** A line through points; null lifts the pen. */
export function line(points: readonly (readonly [number, number] | null)[]): string {
  let pen = false
  let d = ""
  for (const point of points) {
    if (point) d += `${pen ? "L" : "M"}${round(point[0])} ${round(point[1])}`
    pen = point !== null
  }
  return d
}

/** The area between points and a ground line. */
export function area(points: readonly (readonly [number, number])[], ground: number): string {
  const first = points[0]
  const last = points.at(-1)
  if (!first || !last) return ""
  return `M${round(first[0])} ${round(ground)}${points.map(([x, y]) => `L${round(x)} ${round(y)}`).join("")}L${round(last[0])} ${round(ground)}z`
}

/** A circle as a path. */
export function dot(x: number, y: number, radius: number): string {
  return `M${round(x - radius)} ${round(y)}a${radius} ${radius} 0 1 0 ${2 * radius} 0a${radius} ${radius} 0 1 0 ${-2 * radius} 0z`
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}

const FACTORS = [1, 1.5, 2, 3, 4, 5, 6, 8, 10]
/** Of few things, half of the end is a number of things, too. */
const FACTORS_OF_FEW = [2, 4, 6, 8, 10]

/** The end of an axis that begins at 0 and holds `most`: a number that people say, and its half, too. */
export function axisEnd(most: number, least = 2): number {
  const wanted = Math.max(most, least)
  const power = 10 ** Math.floor(Math.log10(wanted))
  const factors = power === 1 ? FACTORS_OF_FEW : FACTORS
  return (factors.find(one => one * power >= wanted * 0.999_999) ?? 10) * power
}
