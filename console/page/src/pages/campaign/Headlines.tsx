import type { Lens } from "../../count/campaign"
import type { Counts, Ratio } from "../../count/counts"
import { ctrText, Headline, intervalText } from "../../parts/figures"
import type { Live } from "../../state/live"
import type { Period } from "../../state/period"
import { words } from "../../text/en"
import { change, count } from "../../text/locale"
import { Counted } from "./Counted"
import type { Source } from "./source"
import type { Uniques } from "./useUniques"

const { campaign: said, unit } = words

/** The campaign in numbers; what it aims at stands first. */
export function Headlines(props: {
  sums: Counts
  before: Counts
  ratio: Ratio
  awareness: boolean
  lens: Lens
  live: Live
  source: Source
  period: Period
  at: number | undefined
  uniques: Uniques
}) {
  const { sums, before, ratio, awareness, live, uniques, period } = props
  const clicks = (
    <Headline
      sign="clicks"
      name={unit.clicks}
      value={count(sums.clicks)}
      beside={change(sums.clicks, before.clicks)}
    />
  )
  const impressions = (
    <Headline
      sign="impressions"
      name={unit.impressions}
      value={count(sums.impressions)}
      beside={change(sums.impressions, before.impressions)}
    />
  )
  return (
    <div class="headlines">
      <dl>
        {awareness ? impressions : clicks}
        {awareness ? clicks : impressions}
        <Headline sign="ctr" name={unit.ctr} value={ctrText(ratio)} beside={intervalText(ratio)} />
        {uniques.all !== undefined && (
          <Headline
            name={unit.uniques(period.days)}
            title={unit.uniquesHint(period.days)}
            value={count(uniques.all)}
            former={uniques.former}
          />
        )}
      </dl>
      <Pulse live={live} />
      <Counted {...props} uniques={uniques.all !== undefined} />
    </div>
  )
}

function Pulse({ live }: { live: Live }) {
  return (
    <p class={live.connected ? "pulse on" : "pulse"} title={said.liveSays(live.clicks)}>
      <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
        <circle cx="5" cy="5" r="4" />
      </svg>{" "}
      {live.connected ? said.live : said.liveLost}
      <span class="soft"> {live.connected && said.liveSays(live.clicks)}</span>
    </p>
  )
}
