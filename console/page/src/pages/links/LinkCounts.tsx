import { useState } from "preact/hooks"
import { request } from "../../api/client"
import type { LinkView } from "../../api/types"
import { ctrText, Headline, intervalText } from "../../parts/figures"
import { Rules } from "../../parts/Rules"
import { ShowSql } from "../../parts/ShowSql"
import { Skeleton, Stale } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { campaignAddress } from "../../state/campaigns"
import { clicksPageOf } from "../../state/linkAddress"
import { useLive } from "../../state/live"
import { place } from "../../state/place"
import { session } from "../../state/session"
import { words } from "../../text/en"
import { count, dash } from "../../text/locale"

const { links: said, unit, counted: how } = words
const DAYS = 30

/** What was counted of one link, as it is counted. */
export function LinkCounts({ link }: { link: LinkView }) {
  const of = [new URLSearchParams({ link: link.link }).toString()]
  const counted = useAsked("reportCompare", { query: { of } })
  const uniques = useAsked("reportUniques", { query: { link: link.link } })
  useLive({ account: link.account, campaign: link.campaign }, () => {
    counted.again()
    uniques.again()
  })
  const side = counted.data?.rows[0]
  const own = session.value?.account ?? ""
  return (
    <section class="link-sums">
      <h2>{said.counts}</h2>
      {counted.problem && counted.at && <Stale at={counted.at} again={counted.again} />}
      {!side ? (
        counted.problem ? (
          <p class="soft">{counted.problem.detail || words.state.unreachable}</p>
        ) : (
          <Skeleton height={56} />
        )
      ) : (
        <dl class="link-counts">
          <Headline sign="clicks" name={unit.clicks} value={count(side.clicks)} />
          <Headline sign="impressions" name={unit.impressions} value={count(side.impressions)} />
          <Headline
            sign="ctr"
            name={unit.ctr}
            value={ctrText({ ctr: side.ctr, from: side.ctr_from, to: side.ctr_to })}
            beside={intervalText({ ctr: side.ctr, from: side.ctr_from, to: side.ctr_to })}
          />
          {uniques.data && (
            <Headline
              name={unit.uniques(DAYS)}
              title={unit.uniquesHint(DAYS)}
              value={count(uniques.data.rows[0]?.unique_clicks ?? 0)}
            />
          )}
        </dl>
      )}
      {side && (
        <How
          link={link}
          kinds={side.kinds}
          left={side.gross_clicks - side.clicks}
          sql={async () => (await request("reportCompare", { query: { of, format: "sql" } })).text()}
        />
      )}
      <a href={clicksPageOf(link)}>{said.toClicks}</a>
      {link.campaign && (
        <a href={campaignAddress(link.account, link.campaign, own, place.value.query)}>{said.toCampaign}</a>
      )}
    </section>
  )
}

/** How a link's numbers came about, and the SQL that gives them. */
function How(props: { link: LinkView; kinds: readonly string[]; left: number; sql: () => Promise<string> }) {
  const { link, kinds, left, sql } = props
  const [open, setOpen] = useState(false)
  const { account, campaign, post, channel, profile } = link
  return (
    <>
      <details class="link-how" onToggle={event => setOpen(event.currentTarget.open)}>
        <summary class="soft">{how.title}</summary>
        <dl>
          <dt>{how.classes}</dt>
          <dd>{how.classesSaid(count(left))}</dd>
          <dt>{how.uniques}</dt>
          <dd>{how.uniquesSaid}</dd>
          <dt>{how.rules}</dt>
          <dd>{open && <Rules query={{ account, campaign, post, channel, profile }} />}</dd>
          <dt>{how.kinds}</dt>
          <dd>{kinds.map(kind => words.kind[kind] ?? kind).join(", ") || dash}</dd>
          <dt>{how.period}</dt>
          <dd>{how.lastDays(DAYS)}</dd>
        </dl>
      </details>
      <ShowSql name={how.sqlOfThese} fetchText={sql} />
    </>
  )
}
