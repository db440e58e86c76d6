import { daysOf, type Missed } from "../../count/missed"
import { type BarsPlot, barAt, barsDrawing } from "../../draw/barsDrawing"
import { Actions, tabbed } from "../../parts/actions"
import { Plot } from "../../parts/Plot"
import { words } from "../../text/en"
import { count, shortCount, time } from "../../text/locale"

const { unknown: said } = words

/** The requests of each day, of all slugs that are shown. */
export function MissedDays(props: {
  missed: readonly Missed[]
  days: readonly string[]
  open: boolean
  csv: string
}) {
  const { missed, days, open, csv } = props
  const values = daysOf(missed, days)
  const plot = (width: number, at: number | null): BarsPlot => ({
    width,
    values,
    labels: days.map(day => time(day, "day", "UTC")),
    open,
    at,
    ink: "ink-soft",
    write: shortCount,
  })
  const says = (at: number) =>
    said.says(time(days[at] ?? 0, "dayOfWeek", "UTC"), count(values[at] ?? 0), open && at === days.length - 1)
  return (
    <section>
      <div class="title">
        <h2>{said.overTime}</h2>
        <Actions
          of={said.overTime}
          csv={csv}
          picture={() => ({
            drawing: barsDrawing(plot(1200, null)),
            title: `${said.title} · ${said.overTime}`,
            caption: said.rests,
          })}
          copy={() => tabbed([["day", "requests"], ...days.map((day, at) => [day, values[at] ?? 0])])}
        />
      </div>
      <Plot
        of={{
          name: said.overTime,
          count: days.length,
          rests: said.rests,
          says,
          draw: (width, at) => barsDrawing(plot(width, at)),
          find: (width, x) => barAt(plot(width, null), x),
        }}
      />
    </section>
  )
}
