import type { CompareReport, Side } from "../../api/types"
import { ctrText, intervalText, Sign } from "../../parts/figures"
import { Scrolls } from "../../parts/Scrolls"
import { place } from "../../state/place"
import { session } from "../../state/session"
import { words } from "../../text/en"
import { count, percent } from "../../text/locale"
import { Difference, sideText } from "./Pairs"
import { comparing, type Labels } from "./sides"

const { compare: said, campaigns } = words

/** The sides, all on one axis from 0. */
export function SideTable(props: {
  report: CompareReport
  names: readonly string[]
  sides: readonly Labels[]
}) {
  const { report, names, sides } = props
  const byCtr = report.measure === "ctr"
  const end = Math.max(...report.rows.map(side => reachOf(side, byCtr)), byCtr ? 1e-4 : 1) * 1.04
  const pair = (index: number) => report.pairs.find(one => one.first === 0 && one.second === index)
  const { query } = place.value
  const guest = session.value?.kind === "share"
  return (
    <Scrolls label={said.title}>
      <table class="sides">
        <thead>
          <tr>
            <th>{said.columns.side}</th>
            <th class="number">
              <Sign of="clicks" /> {campaigns.columns.clicks}
            </th>
            <th class="number aside">
              <Sign of="impressions" /> {campaigns.columns.impressions}
            </th>
            <th class="number">
              <Sign of="ctr" /> {campaigns.columns.ctr}
            </th>
            <th>
              {byCtr ? said.columns.interval : said.columns.clicks}{" "}
              <span class="axis-ends">{byCtr ? said.axis("0", percent(end, end < 0.01 ? 2 : 1)) : ""}</span>
            </th>
            <th class="number">{said.columns.difference}</th>
            <th>{said.columns.says}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {report.rows.map((side, index) => {
            const name = names[index] ?? ""
            const others = sides.filter((_, other) => other !== index)
            const own = sides[index]
            const against = pair(index)
            const says = sideText(side, against, report.verdict)
            return (
              <tr key={name}>
                <td class="strong folds">{name}</td>
                <td class="number">{count(side.clicks)}</td>
                <td class="number aside">{count(side.impressions)}</td>
                <td class="number">
                  {ctrText(ratioOf(side))} <span class="soft interval">{intervalText(ratioOf(side))}</span>
                </td>
                <td class="side-drawn">
                  {byCtr ? <Interval side={side} end={end} /> : <Bar side={side} end={end} />}
                </td>
                <td class="number">{against && <Difference pair={against} byCtr={byCtr} />}</td>
                <td class="says">
                  {index === 0 && <span class="soft">{said.control} </span>}
                  {side.enough_data && side.is_winner ? <strong>{says}</strong> : says}
                </td>
                <td class="number">
                  {index > 0 && own && (
                    <a
                      class="button plain"
                      href={comparing([own, ...others], query)}
                      aria-label={said.makeControlOf(name)}
                    >
                      {said.makeControl}
                    </a>
                  )}
                  {!guest && (
                    <a class="button plain" href={comparing(others, query)} aria-label={said.remove(name)}>
                      ×
                    </a>
                  )}
                </td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Scrolls>
  )
}

function ratioOf(side: Side) {
  return { ctr: side.ctr, from: side.ctr_from, to: side.ctr_to }
}

function reachOf(side: Side, byCtr: boolean): number {
  return byCtr ? Math.max(side.ctr_to ?? 0, side.ctr ?? 0) : side.clicks
}

/** CTR as a mark, its interval as a line; with too little data the mark is open and the line broken. */
function Interval({ side, end }: { side: Side; end: number }) {
  const x = (share: number) => `${((share / end) * 100).toFixed(2)}%`
  const enough = side.enough_data
  return (
    <svg width="100%" height="24" aria-hidden="true">
      <line class="axis" x1="0" x2="100%" y1="12" y2="12" />
      {side.ctr_from !== null && side.ctr_to !== null && (
        <line
          class={enough ? "interval" : "interval open"}
          x1={x(side.ctr_from)}
          x2={x(side.ctr_to)}
          y1="12"
          y2="12"
        />
      )}
      {side.ctr !== null && <circle class={enough ? "mark" : "mark open"} cx={x(side.ctr)} cy="12" r="4" />}
    </svg>
  )
}

function Bar({ side, end }: { side: Side; end: number }) {
  return (
    <svg width="100%" height="24" aria-hidden="true">
      <rect
        class={side.enough_data ? "bar-of" : "bar-of open"}
        x="0"
        y="6"
        width={`${((side.clicks / end) * 100).toFixed(2)}%`}
        height="12"
      />
    </svg>
  )
}
