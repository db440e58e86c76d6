import { describe, expect, it } from "vitest"
import { barsDrawing, barsFrame } from "./barsDrawing"
import type { Drawing } from "./drawing"
import { sidesDrawing } from "./sidesDrawing"

const texts = (drawing: Drawing) => drawing.shapes.flatMap(shape => (shape.is === "text" ? [shape.text] : []))
const paths = (drawing: Drawing) => drawing.shapes.flatMap(shape => (shape.is === "path" ? [shape] : []))

describe("bars", () => {
  const plot = {
    width: 424,
    values: [0, 40, 7],
    labels: ["a", "b", "c"],
    open: true,
    at: null,
    ink: "clicks" as const,
    write: String,
  }

  it("stand on an axis from zero to an end that holds them all, in the middle of their windows", () => {
    expect(texts(barsDrawing(plot))).toEqual(["0", "20", "40", "a", "b", "c"])
    const { left, right, step } = barsFrame(plot)
    expect(left + 3 * step).toBeCloseTo(right)
  })

  it("are drawn open where their window is not over", () => {
    const dashed = (open: boolean) => paths(barsDrawing({ ...plot, open })).filter(one => one.dash).length
    expect([dashed(true), dashed(false)]).toEqual([1, 0])
  })

  it("have an axis where there is nothing yet, and a window of none", () => {
    expect(texts(barsDrawing({ ...plot, values: [0], labels: ["a"] }))).toEqual(["0", "1", "2", "a"])
    expect(barsFrame({ ...plot, values: [] }).step).toBeGreaterThan(0)
  })
})

describe("sides", () => {
  const side = { name: "A", value: 0.02, from: 0.01, to: 0.03, text: "2 %", says: "wins", enough: true }

  it("lie on one axis from zero; too little data is an open mark on a broken line", () => {
    const little = { ...side, name: "B", says: "", enough: false }
    const sides = [side, little, { ...little, value: null, from: null, to: null }]
    const drawing = sidesDrawing({ width: 300, sides, bars: false, write: String })
    expect(texts(drawing)).toEqual(["A", "2 % · wins", "B", "2 %", "B", "2 %", "0", "0.03"])
    expect(paths(drawing).filter(one => one.dash)).toHaveLength(1)
    expect(paths(drawing).filter(one => one.fill === "ink")).toHaveLength(1)
  })

  it("are bars where clicks are compared", () => {
    const sides = [
      { ...side, value: 30, from: null, to: null },
      { ...side, value: null, enough: false },
    ]
    const drawing = sidesDrawing({ width: 300, sides, bars: true, write: String })
    expect(paths(drawing).map(one => one.fill ?? one.stroke)).toEqual(["clicks", "clicks"])
  })
})
