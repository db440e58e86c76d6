import { expect, test } from "vitest"
import { barsDrawing, barsFrame } from "./barsDrawing"

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

test("what is pointed at is where it is drawn", () => {
  const { left, step } = barsFrame(PLOT)
  const { shapes } = barsDrawing({ ...PLOT, at: 1 })
  expect(shapes[0]?.is === "path" && shapes[0].d).toContain(`M${Math.round((left + step) * 100) / 100} 8h`)
})
