import { address, type Query } from "../../api/client"
import type { Lens } from "../../count/campaign"
import { HOURS, heatDrawing, heatFrame, weekOf } from "../../draw/heatDrawing"
import { Actions, tabbed } from "../../parts/actions"
import { Plot } from "../../parts/Plot"
import { Failed, Skeleton } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { zone } from "../../state/session"
import { clicksThrough } from "../../text/clicksThrough"
import { words } from "../../text/en"
import { count, weekdays } from "../../text/locale"

const { campaign: said } = words
const HEIGHT = 224
const EVERY_MS = 300_000

/** When people click: by weekday and hour of the zone. */
export function HeatMap(props: { of: Omit<Query<"reportHeatMap">, "zone">; lens: Lens; title: string }) {
  const { of, lens, title } = props
  const query = { ...of, ...lens, zone: zone.value }
  const { data, problem, former, again } = useAsked("reportHeatMap", { query }, { everyMs: EVERY_MS })
  const days = weekdays()
  const cells = weekOf(data?.rows ?? [])
  const flat = cells.flat()
  const says = (at: number) =>
    said.heatSays(days[Math.floor(at / HOURS)] ?? "", at % HOURS, count(flat[at] ?? 0))
  const most = Math.max(...flat)
  const best = most > 0 ? says(flat.indexOf(most)) : null
  const caption = said.heatRests(best, zone.value, clicksThrough(lens))
  return (
    <section aria-busy={former}>
      <div class="title">
        <h2>{said.heat}</h2>
        <Actions
          of={said.heat}
          csv={address("reportHeatMap", { query }, { format: "csv" })}
          picture={() => ({
            drawing: heatDrawing({ width: 960, cells, days, at: null }),
            title: `${title} · ${said.heat}`,
            caption,
          })}
          copy={() =>
            tabbed([["", ...Array(HOURS).keys()], ...cells.map((row, day) => [days[day] ?? "", ...row])])
          }
        />
      </div>
      {!data && problem && <Failed within problem={problem} again={again} />}
      {!data && !problem && <Skeleton height={HEIGHT} />}
      {data && (
        <Plot
          of={{
            name: said.heat,
            count: flat.length,
            row: HOURS,
            rests: caption,
            says,
            draw: (width, at) => heatDrawing({ width, cells, days, at }),
            find: (width, x, y) => {
              const { left, step, row } = heatFrame(width)
              const hour = Math.floor((x - left) / step)
              const day = Math.floor(y / row)
              return hour >= 0 && hour < HOURS && day >= 0 && day < days.length ? day * HOURS + hour : null
            },
          }}
        />
      )}
    </section>
  )
}
