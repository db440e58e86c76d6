import { useAsked } from "../../state/asked"
import { place } from "../../state/place"
import { session } from "../../state/session"
import { words } from "../../text/en"
import { channelsOf, experimentsOf, type Start } from "./options"
import { comparing } from "./sides"

const { compare: said } = words
const MOST_ROWS = 10_000
const MOST_SHOWN = 5

/** Comparisons to begin with: experiments that there are, and the channels of the busiest campaign. */
export function Starts({ times }: { times: { since: string; until: string } }) {
  const own = session.value?.account ?? ""
  const variants = useAsked("reportVariants", { query: times })
  const by = "account,campaign,channel"
  const channels = useAsked("reportBreakdown", { query: { ...times, by, limit: MOST_ROWS } })
  const experiments = experimentsOf(variants.data?.rows ?? [], own).filter(one => one.sides.length > 1)
  const busiest = channelsOf(channels.data?.rows ?? [], own)
  if (!experiments.length && !busiest) return null
  return (
    <section>
      <h2>{said.starts}</h2>
      <ul class="starts">
        {experiments.slice(0, MOST_SHOWN).map(one => start(one, "variants"))}
        {busiest && start(busiest, "channels")}
      </ul>
    </section>
  )
}

function start({ name, sides }: Start, kind: string) {
  const query = new URLSearchParams(place.value.query)
  query.set("by", kind)
  return (
    <li key={`${kind} ${name}`}>
      <a href={comparing(sides, query)}>{name}</a>
    </li>
  )
}
