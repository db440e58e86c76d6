import { area, axisEnd, box, type Drawing, dot, line, type Shape } from "./drawing"

/** One window of the plot: what was counted, and whether it is not over yet. */
export interface PlotWindow {
  clicks: number
  impressions: number
  open: boolean
}

export interface SeriesPlot {
  width: number
  windows: readonly PlotWindow[]
  /** What the windows are called below the axis. */
  labels: readonly string[]
  /** How many things happened in a window: posts published, say. */
  flags: readonly number[]
  at: number | null
  write: { count: (value: number) => string; share: (value: number) => string; ctr: string }
}

export const CHARACTER = 8.6
const LABEL = 24
const STRIP = { top: 8, height: 56 }
const PLOT = { top: 96, height: 160 }
export const PLOT_HEIGHT = PLOT.top + PLOT.height + LABEL
const ENOUGH_IMPRESSIONS = 100
const FLAG_Y = PLOT.top - 16
const FLAG_ROOM = 24

/** Where the plot's own area lies, and how wide a window is: the same for drawing and for pointing. */
export function frameOf(plot: Pick<SeriesPlot, "width" | "windows" | "write">): {
  left: number
  right: number
  step: number
} {
  const { clicks, impressions, ctr } = ends(plot.windows)
  const { count, share, ctr: name } = plot.write
  const room = (...texts: string[]) => Math.ceil(Math.max(...texts.map(text => text.length)) * CHARACTER) + 8
  const left = room(count(clicks), count(clicks / 2), share(ctr), name)
  const right = plot.width - room(count(impressions), count(impressions / 2))
  return { left, right, step: (right - left) / Math.max(plot.windows.length, 1) }
}

/**
 * Clicks as bars and impressions as an area, each with its own axis from 0, and CTR as a line in a strip above: two
 * ratios of one picture would invite to compare what cannot be compared. A window that is not over is drawn open.
 */
export function seriesDrawing(plot: SeriesPlot): Drawing {
  const { width, windows, labels, flags, at, write } = plot
  const frame = frameOf(plot)
  const { left, right, step } = frame
  const end = ends(windows)
  const ground = PLOT.top + PLOT.height
  const middle = (index: number) => left + (index + 0.5) * step
  const height = (value: number, most: number) => (Math.max(value, 0) / most) * PLOT.height
  const shapes: Shape[] = []

  if (at !== null) {
    shapes.push({
      is: "path",
      d: box(left + at * step, STRIP.top, step, ground - STRIP.top),
      fill: "quiet",
    })
  }
  for (const part of [0, 0.5, 1]) {
    const y = ground - part * PLOT.height
    shapes.push({
      is: "path",
      d: line([
        [left, y],
        [right, y],
      ]),
      stroke: part ? "line" : "line-strong",
      width: 1,
    })
    shapes.push({
      is: "text",
      x: left - 8,
      y: y + 5,
      text: write.count(end.clicks * part),
      ink: "clicks",
      anchor: "end",
    })
    shapes.push({
      is: "text",
      x: right + 8,
      y: y + 5,
      text: write.count(end.impressions * part),
      ink: "impressions",
      anchor: "start",
    })
  }

  const tops = windows.map(
    (one, index) => [middle(index), ground - height(one.impressions, end.impressions)] as const,
  )
  shapes.push({ is: "path", d: area(tops, ground), fill: "impressions-soft" })
  shapes.push({ is: "path", d: line(tops), stroke: "impressions", width: 1.5 })

  const bar = Math.min(Math.max(step * 0.56, 1), 32)
  let closed = ""
  for (const [index, one] of windows.entries()) {
    const tall = height(one.clicks, end.clicks)
    if (one.open) {
      const d = box(middle(index) - bar / 2 + 0.75, ground - tall, Math.max(bar - 1.5, 0.5), tall)
      shapes.push({ is: "path", d, fill: "clicks-soft", stroke: "clicks", width: 1.5, dash: [3, 2] })
    } else closed += box(middle(index) - bar / 2, ground - tall, bar, tall)
  }
  shapes.push({ is: "path", d: closed, fill: "clicks" })

  shapes.push(...ctrShapes(plot, frame, end.ctr), ...flagShapes(flags, middle, step))
  shapes.push(...labelShapes(labels, middle, step, ground))
  return { width, height: PLOT_HEIGHT, shapes }
}

function ends(windows: readonly PlotWindow[]): { clicks: number; impressions: number; ctr: number } {
  const enough = windows.filter(one => one.impressions >= ENOUGH_IMPRESSIONS)
  const most = (some: readonly PlotWindow[]) => Math.max(...some.map(one => one.clicks / one.impressions), 0)
  const over = most(enough.filter(one => !one.open))
  return {
    clicks: axisEnd(Math.max(...windows.map(one => one.clicks), 0)),
    impressions: axisEnd(Math.max(...windows.map(one => one.impressions), 0)),
    // One that has only begun does not press the line of the others flat: its dot may lie at the edge.
    ctr: axisEnd(over > 0 ? Math.min(most(enough), 2 * over) : most(enough), 0.001),
  }
}

/** A line through the windows with enough impressions; a ratio of fewer is noise, and is an open dot. */
function ctrShapes(
  plot: SeriesPlot,
  { left, right, step }: { left: number; right: number; step: number },
  end: number,
) {
  const { windows, write } = plot
  const bottom = STRIP.top + STRIP.height
  const y = (ctr: number) => bottom - Math.min(Math.max(ctr / end, 0), 1) * STRIP.height
  const points = windows.map((one, index) =>
    one.impressions >= ENOUGH_IMPRESSIONS && !one.open
      ? ([left + (index + 0.5) * step, y(one.clicks / one.impressions)] as const)
      : null,
  )
  const dots = points.map((point, index) =>
    point && !points[index - 1] && !points[index + 1] ? dot(...point, 2) : "",
  )
  const open = windows.map((one, index) =>
    one.impressions > 0 && !points[index]
      ? dot(left + (index + 0.5) * step, y(one.clicks / one.impressions), 2.5)
      : "",
  )
  const shapes: Shape[] = [
    {
      is: "path",
      d: line([
        [left, bottom],
        [right, bottom],
      ]),
      stroke: "line",
      width: 1,
    },
    { is: "text", x: left - 8, y: STRIP.top + 5, text: write.share(end), ink: "ink", anchor: "end" },
    { is: "text", x: left - 8, y: bottom + 5, text: write.ctr, ink: "ink", anchor: "end" },
    { is: "path", d: line(points), stroke: "ink", width: 1.5 },
    { is: "path", d: dots.join(""), fill: "ink" },
    { is: "path", d: open.join(""), fill: "raised", stroke: "ink", width: 1 },
  ]
  return shapes
}

function flagShapes(flags: readonly number[], middle: (index: number) => number, step: number): Shape[] {
  const shapes: Shape[] = []
  for (const [index, count] of flags.entries()) {
    if (!count) continue
    const x = middle(index)
    shapes.push({
      is: "path",
      d: `M${x} ${FLAG_Y + 12}V${FLAG_Y}l7 3.5L${x} ${FLAG_Y + 7}`,
      stroke: "ink-soft",
      width: 1.5,
    })
    if (count > 1 && step >= FLAG_ROOM) {
      shapes.push({
        is: "text",
        x: x + 9,
        y: FLAG_Y + 9,
        text: String(count),
        ink: "ink-soft",
        anchor: "start",
      })
    }
  }
  return shapes
}

/** As many labels as there is room for, the last window's among them. */
export function labelShapes(
  labels: readonly string[],
  middle: (index: number) => number,
  step: number,
  ground: number,
): Shape[] {
  const room = Math.max(...labels.map(label => label.length), 1) * CHARACTER + 16
  const every = Math.max(1, Math.ceil(room / step))
  return labels.flatMap((text, index) =>
    (labels.length - 1 - index) % every === 0
      ? [{ is: "text", x: middle(index), y: ground + 20, text, ink: "ink-soft", anchor: "middle" } as const]
      : [],
  )
}
