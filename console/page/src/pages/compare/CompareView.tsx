import { useRef } from "preact/hooks"
import { address, request } from "../../api/client"
import type { CompareReport } from "../../api/types"
import { sidesDrawing } from "../../draw/sidesDrawing"
import { Actions, tabbed } from "../../parts/actions"
import { ctrText } from "../../parts/figures"
import { PeriodPicker } from "../../parts/PeriodPicker"
import { SavedViews } from "../../parts/SavedViews"
import { ShareMenu } from "../../parts/ShareMenu"
import { ShowSql } from "../../parts/ShowSql"
import { Failed, Skeleton, Stale } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { useMinute } from "../../state/minute"
import { iso, type Period, periodOf } from "../../state/period"
import { place } from "../../state/place"
import { session, zone } from "../../state/session"
import { words } from "../../text/en"
import { count, percent, time } from "../../text/locale"
import { label } from "./label"
import { Pairs, sideText } from "./Pairs"
import { Picker } from "./Picker"
import { SideTable } from "./SideTable"
import { Starts } from "./Starts"
import { comparing, MOST_SIDES, namesOf, sharedOf, sidesOf, textOf } from "./sides"
import "./compare.css"

const { compare: said } = words

/** Any posts, channels, profiles, campaigns or variants side by side. */
export function CompareView() {
  const now = useMinute()
  const { query } = place.value
  const period = periodOf(query, zone.value, now)
  const times = { since: iso(period.since), until: iso(period.until) }
  const sides = sidesOf(query).slice(0, MOST_SIDES)
  const asking = { query: { ...times, of: sides.map(textOf) } }
  const asked = useAsked("reportCompare", sides.length ? asking : null)
  // While other sides are on their way, those before stay under their own names.
  const drawn = useRef(sides)
  if (!asked.loading) drawn.current = sides
  const names = namesOf(drawn.current, label)
  const name = names.length ? said.saved(names) : said.title
  const guest = session.value?.kind === "share"
  const shared = Object.entries(sharedOf(drawn.current)).map(([name, value]) => label(name, value))
  const report = asked.data?.rows.length === drawn.current.length ? asked.data : undefined
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>{said.title}</h1>
        <div class="chosen">
          <PeriodPicker period={period} />
          {!guest && <SavedViews name={name} />}
          {!guest && sides.length > 0 && (
            <ShareMenu
              name={name}
              shows={said.shared(name)}
              limits={{ sides: sides.map(textOf) }}
              key={JSON.stringify(sides)}
            />
          )}
        </div>
      </div>
      {!guest && <Picker sides={sides} times={times} />}
      {sides.length === 0 ? (
        <>
          <p class="none">
            {said.empty} <span class="soft">{said.emptyHint}</span>
          </p>
          {!guest && <Starts times={times} />}
        </>
      ) : !report ? (
        asked.problem ? (
          <Failed within problem={asked.problem} again={asked.again} />
        ) : (
          <Skeleton height={72 + 48 * sides.length} />
        )
      ) : (
        <div class="loaded" aria-busy={asked.former}>
          {asked.problem && asked.at && <Stale at={asked.at} again={asked.again} />}
          <section>
            <div class="title">
              <Verdict report={report} names={names} />
              <Actions
                of={said.title}
                csv={address("reportCompare", asking, { format: "csv" })}
                picture={() => pictureOf(report, names, period)}
                copy={() => copied(report, names)}
              />
            </div>
            {shared.length > 0 && <p class="soft">{said.of(shared.join(" · "))}</p>}
            <SideTable report={report} names={names} sides={drawn.current} />
          </section>
          {names.length > 2 && <Pairs report={report} names={names} />}
          <div class="after">
            <p class="soft">{said.look}</p>
            <ShowSql
              key={JSON.stringify(asking.query)}
              name={words.counted.sqlOfThese}
              fetchText={async () =>
                (await request("reportCompare", { query: { ...asking.query, format: "sql" } })).text()
              }
            />
            {!guest && <a href={comparing([], query)}>{said.clear}</a>}
          </div>
        </div>
      )}
    </>
  )
}

function Verdict({ report, names }: { report: CompareReport; names: readonly string[] }) {
  const winner = names[report.rows.findIndex(side => side.is_winner)] ?? ""
  const verdict = said.verdicts[report.verdict]
  return (
    <div role="status">
      <h2 class="verdict">{verdict?.says(winner) ?? report.verdict}</h2>
      <p class="soft">{verdict?.why ?? report.meaning}</p>
    </div>
  )
}

/** The sides on one axis, as they are to be shown elsewhere. */
function pictureOf(report: CompareReport, names: readonly string[], period: Period) {
  const byCtr = report.measure === "ctr"
  const day = (at: number) => time(at, "dayOfWeek", zone.value)
  const verdict = said.verdicts[report.verdict]?.says(
    names[report.rows.findIndex(one => one.is_winner)] ?? "",
  )
  const sides = report.rows.map((side, index) => {
    const against = report.pairs.find(one => one.first === 0 && one.second === index)
    const ratio = { ctr: side.ctr, from: side.ctr_from, to: side.ctr_to }
    return {
      name: names[index] ?? "",
      value: byCtr ? side.ctr : side.clicks,
      from: byCtr ? side.ctr_from : null,
      to: byCtr ? side.ctr_to : null,
      text: byCtr ? `${words.unit.ctr} ${ctrText(ratio)}` : `${count(side.clicks)} ${words.unit.clicks}`,
      says: [index === 0 && said.control, sideText(side, against, report.verdict)]
        .filter(Boolean)
        .join(" · "),
      enough: side.enough_data,
    }
  })
  return {
    drawing: sidesDrawing({
      width: 960,
      sides,
      bars: !byCtr,
      write: byCtr ? value => percent(value, value < 0.01 ? 2 : 1) : count,
    }),
    title: verdict ?? report.verdict,
    caption: said.caption(day(period.since), day(period.until - 1), zone.value),
  }
}

const COLUMNS = ["side", "clicks", "impressions", "ctr", "ctr_from", "ctr_to", "difference", "p"]

function copied(report: CompareReport, names: readonly string[]): string {
  const rows = report.rows.map((side, place) => {
    const pair = report.pairs.find(one => one.first === 0 && one.second === place)
    const { clicks, impressions, ctr, ctr_from, ctr_to } = side
    return [
      names[place] ?? "",
      clicks,
      impressions,
      ctr,
      ctr_from,
      ctr_to,
      pair?.difference ?? null,
      pair?.p_adjusted ?? null,
    ]
  })
  return tabbed([COLUMNS, ...rows])
}
