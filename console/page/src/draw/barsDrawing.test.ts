import { expect, test } from "vitest"
import { barAt, barsDrawing, barsFrame } from "./barsDrawing"

const PLOT = {
  width: 400,
  values: [4, 0, 10],
  labels: ["a", "b", "c"],
  open: true,
  at: null,
  ink: "ink-soft" as const,
  write: String,
}

test("bars stand on the ground, as tall as their part of the axis; one that is not over is dashed", () => {
  const { shapes } = barsDrawing(PLOT)
  const [dashed] = shapes.filter(one => one.is === "path" && one.dash)
  const closed = shapes.find(one => one.is === "path" && one.fill === "ink-soft")
  expect(dashed).toMatchObject({ stroke: "ink-soft" })
  expect(dashed?.is === "path" && dashed.d).toMatch(/ 8h[\d.]+v96h/)
  expect(closed?.is === "path" && closed.d).toMatch(/ 65.6h32v38.4h-32zM[\d.]+ 104h32v0h/)
})

test("bars stand on an axis from zero to an end that holds them all, each in its window", () => {
  const texts = (values: readonly number[]) =>
    barsDrawing({ ...PLOT, values }).shapes.flatMap(one => (one.is === "text" ? [one.text] : []))
  expect(texts([0, 40, 7])).toEqual(["0", "20", "40", "a", "b", "c"])
  expect(texts([0, 0, 0])).toEqual(["0", "1", "2", "a", "b", "c"])
  expect(barsFrame({ ...PLOT, values: [] }).step).toBeGreaterThan(0)
})

test("no bar is dashed where all windows are over", () => {
  const { shapes } = barsDrawing({ ...PLOT, open: false })
  expect(shapes.some(one => one.is === "path" && one.dash)).toBe(false)
})

test("a place is of the window that it lies in, the first and the last to their ends, and of none beside them", () => {
  const { left, right } = barsFrame(PLOT)
  expect([left - 1, left, right - 1, right + 1].map(x => barAt(PLOT, x))).toEqual([null, 0, 2, null])
  expect(barAt({ ...PLOT, values: [] }, left)).toBeNull()
})

test("what is pointed at is where it is drawn", () => {
  const { left, step } = barsFrame(PLOT)
  const { shapes } = barsDrawing({ ...PLOT, at: 1 })
  expect(shapes[0]?.is === "path" && shapes[0].d).toContain(`M${Math.round((left + step) * 100) / 100} 8h`)
})
