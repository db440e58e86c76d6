import { describe, expect, it } from "vitest"
import { area, axisEnd, box, type Drawing, line } from "./drawing"
import { heatDrawing, weekOf } from "./heatDrawing"
import { frameOf, type SeriesPlot, seriesDrawing } from "./seriesDrawing"

const texts = (drawing: Drawing) => drawing.shapes.flatMap(shape => (shape.is === "text" ? [shape.text] : []))

describe("paths", () => {
  it("are of round numbers, and lift the pen where there is nothing", () => {
    expect(box(1, 2, 3, 4)).toBe("M1 2h3v4h-3z")
    expect(line([[0, 1], null, [2.005, 3], [4, 5]])).toBe("M0 1M2.01 3L4 5")
    expect(area([[0, 1]], 9)).toBe("M0 9L0 1L0 9z")
    expect(area([], 9)).toBe("")
  })

  it("of an axis end at a number that people say", () => {
    expect([0, 2, 3, 41, 99, 100, 101, 2900].map(most => axisEnd(most))).toEqual([
      2, 2, 4, 50, 100, 100, 150, 3000,
    ])
    expect(axisEnd(0.016, 0.001)).toBeCloseTo(0.02, 12)
  })
})

const PLOT: SeriesPlot = {
  width: 600,
  windows: [
    { clicks: 10, impressions: 1000, open: false },
    { clicks: 3, impressions: 50, open: false },
    { clicks: 20, impressions: 2000, open: false },
    { clicks: 5, impressions: 400, open: true },
  ],
  labels: ["Mon", "Tue", "Wed", "Thu"],
  flags: [0, 2, 1, 0],
  at: null,
  write: { count: String, share: value => `${value * 100}%`, ctr: "CTR" },
}

describe("a series", () => {
  it("has axes from zero to an end that holds everything", () => {
    expect(texts(seriesDrawing(PLOT))).toEqual(
      expect.arrayContaining(["0", "10", "20", "1000", "2000", "CTR", "1.5%"]),
    )
  })

  it("is not pressed flat by a window that has only begun", () => {
    const begun = (clicks: number) => [...PLOT.windows.slice(0, 3), { clicks, impressions: 400, open: true }]
    const end = (clicks: number) =>
      texts(seriesDrawing({ ...PLOT, windows: begun(clicks) })).find(text => text.endsWith("%"))
    expect([8, 40, 400].map(end)).toEqual(["2%", "2%", "2%"])
    expect(texts(seriesDrawing({ ...PLOT, windows: begun(40).slice(3) }))).toContain("10%")
  })

  it("draws the open window open: in outline, and as a dot of its own", () => {
    const dashed = seriesDrawing(PLOT).shapes.filter(shape => shape.is === "path" && shape.dash)
    expect(dashed).toHaveLength(1)
    expect(dashed[0]).toMatchObject({ stroke: "clicks", fill: "clicks-soft" })
  })

  it("draws no line through ratios of too few impressions", () => {
    const ctr = seriesDrawing(PLOT).shapes.find(
      shape => shape.is === "path" && shape.stroke === "ink" && !shape.fill,
    )
    expect(ctr?.is === "path" && ctr.d.match(/[ML]/g)).toEqual(["M", "M"])
  })

  it("writes how many things happened in a window, and labels that do not overlap", () => {
    expect(texts(seriesDrawing(PLOT)).slice(-5)).toEqual(["2", "Mon", "Tue", "Wed", "Thu"])
    expect(texts(seriesDrawing({ ...PLOT, width: 200 })).slice(-2)).toEqual(["Tue", "Thu"])
  })

  it("of nothing is empty axes", () => {
    const nothing = { ...PLOT, windows: [], labels: [], flags: [] }
    expect(texts(seriesDrawing(nothing))).toContain("0")
    expect(Number.isFinite(frameOf(nothing).step)).toBe(true)
  })
})

describe("a heat map", () => {
  it("has each hour of the week where it belongs", () => {
    const cells = weekOf([
      { weekday: 1, hour: 0, clicks: 3 },
      { weekday: 7, hour: 23, clicks: 4 },
      { weekday: 8, hour: 1, clicks: 9 },
    ])
    expect([cells[0]?.[0], cells[6]?.[23], cells.flat().reduce((sum, one) => sum + one)]).toEqual([3, 4, 7])
  })

  it("is bluest where most was clicked", () => {
    const cells = weekOf([
      { weekday: 1, hour: 0, clicks: 2 },
      { weekday: 1, hour: 1, clicks: 4 },
    ])
    const { shapes } = heatDrawing({ width: 480, cells, days: ["Mo"], at: null })
    const blue = shapes.flatMap(shape =>
      shape.is === "path" && shape.fill === "clicks" ? [shape.opacity] : [],
    )
    expect(blue).toEqual([0.56, 1])
  })
})
