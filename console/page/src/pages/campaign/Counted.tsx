import { useState } from "preact/hooks"
import type { Lens } from "../../count/campaign"
import type { Counts } from "../../count/counts"
import { Rules } from "../../parts/Rules"
import { ShowSql } from "../../parts/ShowSql"
import type { Period } from "../../state/period"
import { zone } from "../../state/session"
import { words } from "../../text/en"
import { count, dash, time } from "../../text/locale"
import { addressOf, type Source, sqlOf } from "./source"

const { counted: said } = words

/** How the numbers came about, beside them: what is left out, kinds, period, last update, and the SQL. */
export function Counted(props: {
  sums: Counts
  lens: Lens
  period: Period
  at: number | undefined
  source: Source
  uniques: boolean
}) {
  const { sums, lens, period, at, source, uniques } = props
  const [open, setOpen] = useState(false)
  const day = (moment: number) => time(moment, "dayOfWeek", zone.value)
  const exact = (moment: number) => time(moment, "long", zone.value)
  const kinds = sums.kinds.map(kind => words.kind[kind] ?? kind).join(", ")
  return (
    <details class="counted" onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{said.title}</summary>
      <dl>
        <dt>{said.classes}</dt>
        <dd>
          {lens.class
            ? said.lensSaid(words.campaign.classes[lens.class])
            : said.classesSaid(count(sums.gross_clicks - sums.clicks))}
        </dd>
        {uniques && (
          <>
            <dt>{said.uniques}</dt>
            <dd>{said.uniquesSaid}</dd>
          </>
        )}
        <dt>{said.rules}</dt>
        <dd>{open && <Rules query={labelsOf(source)} />}</dd>
        <dt>{said.kinds}</dt>
        <dd>
          {kinds || dash}
          {lens.kind ? said.kindChosen : said.kindsSaid}
        </dd>
        <dt>{said.ctr}</dt>
        <dd>{said.ctrSaid}</dd>
        <dt>{said.period}</dt>
        <dd>{said.periodSaid(day(period.since), day(period.until - 1), zone.value)}</dd>
        <dt>{said.before}</dt>
        <dd>{said.beforeSaid(exact(period.before.since), exact(period.before.until))}</dd>
        <dt>{said.updated}</dt>
        <dd>{at ? exact(at) : dash}</dd>
        <dt>{said.sql}</dt>
        <dd>
          <ShowSql key={addressOf(source, "sql")} name={said.showSql} fetchText={() => sqlOf(source)} />
        </dd>
      </dl>
    </details>
  )
}

/** The labels and times of a source, without what it is by. */
function labelsOf({ query }: Source): Record<string, string> {
  return query
}
