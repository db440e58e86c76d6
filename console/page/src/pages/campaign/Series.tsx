import type { SeriesRow } from "../../api/types"
import { type Happening, type Lens, perWindow } from "../../count/campaign"
import { ratioOf } from "../../count/counts"
import { frameOf, type PlotWindow, type SeriesPlot, seriesDrawing } from "../../draw/seriesDrawing"
import { Actions, tabbed } from "../../parts/actions"
import { ctrText } from "../../parts/figures"
import { Plot } from "../../parts/Plot"
import { iso, type Period } from "../../state/period"
import { zone } from "../../state/session"
import { clicksThrough } from "../../text/clicksThrough"
import { words } from "../../text/en"
import { count, percent, shortCount, time } from "../../text/locale"

const { campaign: said, unit } = words
const NAMES_MOST = 3

/** Clicks, impressions and CTR over time, with flags where posts were published. */
export function Series(props: {
  rows: readonly SeriesRow[]
  happenings: readonly Happening[]
  lens: Lens
  windows: readonly number[]
  period: Period
  now: number
  title: string
  csv: string
}) {
  const { rows, happenings, lens, windows, period, now, title, csv } = props
  const clicks = perWindow(rows, windows, "clicks")
  const impressions = perWindow(rows, windows, "impressions")
  const plotted: PlotWindow[] = windows.map((_, index) => ({
    clicks: clicks[index] ?? 0,
    impressions: impressions[index] ?? 0,
    open: index === windows.length - 1 && period.until > now,
  }))
  const happened = windows.map((at, index) => {
    const end = windows[index + 1] ?? period.until
    return happenings.filter(one => one.at >= at && one.at < end)
  })
  const style = period.unit === "hour" ? "time" : "day"
  const labels = windows.map(at => time(at, style, zone.value))
  const caption = said.rests(period.unit, zone.value, clicksThrough(lens))

  const plot = (width: number, at: number | null): SeriesPlot => ({
    width,
    windows: plotted,
    labels,
    flags: happened.map(one => one.length),
    at,
    write: {
      count: shortCount,
      share: share => percent(share, share < 0.01 ? 2 : share < 0.1 ? 1 : 0),
      ctr: unit.ctr,
    },
  })

  function says(at: number): string {
    const one = plotted[at]
    if (!one) return ""
    const all = (happened[at] ?? []).map(
      ({ what, channel, post }) => `${said.happened[what]}: ${words.channel[channel] ?? channel} ${post}`,
    )
    const more = all.length > NAMES_MOST ? [`+${all.length - NAMES_MOST}`] : []
    return said.says([
      time(windows[at] ?? 0, period.unit === "hour" ? "dayAndTime" : "dayOfWeek", zone.value),
      `${count(one.clicks)} ${unit.clicks}`,
      `${count(one.impressions)} ${unit.impressions}`,
      `${unit.ctr} ${ctrText(ratioOf(one))}`,
      one.open ? said.open : null,
      ...all.slice(0, NAMES_MOST),
      ...more,
    ])
  }

  return (
    <section class="series">
      <div class="title">
        <h2>{said.series}</h2>
        <Actions
          of={said.series}
          csv={csv}
          picture={() => ({
            drawing: seriesDrawing(plot(1200, null)),
            title: `${title} · ${said.series}`,
            caption,
          })}
          copy={() =>
            tabbed([
              ["start", "clicks", "impressions", "ctr"],
              ...plotted.map((one, index) => [
                iso(windows[index] ?? 0),
                one.clicks,
                one.impressions,
                ratioOf(one).ctr,
              ]),
            ])
          }
        />
      </div>
      <Plot
        of={{
          name: said.series,
          count: windows.length,
          rests: caption,
          says,
          draw: (width, at) => seriesDrawing(plot(width, at)),
          find: (width, x) => {
            const { left, step } = frameOf(plot(width, null))
            const index = Math.floor((x - left) / step)
            return index >= 0 && index < windows.length ? index : null
          },
        }}
      />
    </section>
  )
}
