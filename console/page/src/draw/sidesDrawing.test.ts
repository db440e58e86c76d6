import { expect, it } from "vitest"
import type { Drawing } from "./drawing"
import { sidesDrawing } from "./sidesDrawing"

const texts = (drawing: Drawing) => drawing.shapes.flatMap(shape => (shape.is === "text" ? [shape.text] : []))
const paths = (drawing: Drawing) => drawing.shapes.flatMap(shape => (shape.is === "path" ? [shape] : []))

const side = { name: "A", value: 0.02, from: 0.01, to: 0.03, text: "2 %", says: "wins", enough: true }

it("draws sides that lie on one axis from zero; too little data is an open mark on a broken line", () => {
  const little = { ...side, name: "B", says: "", enough: false }
  const sides = [side, little, { ...little, value: null, from: null, to: null }]
  const drawing = sidesDrawing({ width: 300, sides, bars: false, write: String })
  expect(texts(drawing)).toEqual(["A", "2 % · wins", "B", "2 %", "B", "2 %", "0", "0.03"])
  expect(paths(drawing).filter(one => one.dash)).toHaveLength(1)
  expect(paths(drawing).filter(one => one.fill === "ink")).toHaveLength(1)
})

it("draws bars where clicks are compared", () => {
  const sides = [
    { ...side, value: 30, from: null, to: null },
    { ...side, value: null, enough: false },
  ]
  const drawing = sidesDrawing({ width: 300, sides, bars: true, write: String })
  expect(paths(drawing).map(one => one.fill ?? one.stroke)).toEqual(["clicks", "clicks"])
})
