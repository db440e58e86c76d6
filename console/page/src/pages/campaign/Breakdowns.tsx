import type { Query } from "../../api/client"
import { chosenOf, DIMENSIONS, type Dimension, FIRST } from "../../count/breakdown"
import type { Lens } from "../../count/campaign"
import { Choose } from "../../parts/Choose"
import type { Period } from "../../state/period"
import { place, setQuery, withQuery } from "../../state/place"
import { zone } from "../../state/session"
import { utcDaysOf } from "../../state/utcDays"
import { clicksThrough } from "../../text/clicksThrough"
import { words } from "../../text/en"
import { time } from "../../text/locale"
import { Breakdown, valueName } from "./Breakdown"
import "./breakdowns.css"

const { breakdown: said } = words
const NOTHING_CHOSEN = Object.fromEntries(DIMENSIONS.map(one => [one, null]))

/** Clicks by what their requests said: countries, sources, devices; narrowed by any value of them. */
export function Breakdowns(props: {
  of: Omit<Query<"reportClicks">, "by">
  period: Period
  lens: Lens
  title: string
}) {
  const { of, period, lens, title } = props
  const { query } = place.value
  const { since, until, days } = utcDaysOf(period, zone.value)
  const chosen = chosenOf(query)
  const asking = {
    ...of,
    since,
    until,
    ...chosen,
    ...(lens.class ? { class: lens.class } : {}),
    ...(lens.having ? { having: lens.having } : {}),
  }
  const another = DIMENSIONS.find(one => one === query.get("by") && !FIRST.includes(one))
  const day = (at: string | undefined) => time(at ?? since, "day", "UTC")
  const caption = said.says(`${day(days[0])}–${day(days.at(-1))}`, clicksThrough(lens))
  return (
    <section class="breakdowns">
      <div class="title">
        <h2>{said.title}</h2>
        <Choose
          label={said.another}
          value={another ?? ""}
          choices={[
            ["", said.another],
            ...DIMENSIONS.slice(FIRST.length).map(one => [one, said.dimension[one]] as const),
          ]}
          choose={value => setQuery({ by: value || null })}
        />
      </div>
      <p class="soft">{caption}</p>
      <Chosen chosen={chosen} />
      <div class="panels">
        {[...FIRST, ...(another ? [another] : [])].map(dimension => (
          <Breakdown
            key={dimension}
            dimension={dimension}
            asking={asking}
            chosen={chosen[dimension]}
            narrowed={Object.keys(chosen).length > 0}
            title={title}
            caption={caption}
          />
        ))}
      </div>
      <p class="soft">
        {said.places} <a href="https://db-ip.com">{said.placesBy}</a>
      </p>
    </section>
  )
}

function Chosen({ chosen }: { chosen: Partial<Record<Dimension, string>> }) {
  const given = DIMENSIONS.filter(one => chosen[one] !== undefined)
  if (!given.length) return null
  return (
    <p class="narrowed" role="status">
      {said.only}{" "}
      {given.map((dimension, index) => (
        <span key={dimension}>
          {index > 0 && ", "}
          <span class="soft">{said.one[dimension]}</span>{" "}
          <strong>{valueName(dimension, chosen[dimension] ?? "")}</strong>
        </span>
      ))}
      {". "}
      <a href={withQuery(NOTHING_CHOSEN)}>{said.all}</a>
    </p>
  )
}
