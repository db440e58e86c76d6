import type { LinkView } from "../../api/types"
import { ctrText, Headline, intervalText } from "../../parts/figures"
import { Skeleton, Stale } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { campaignAddress } from "../../state/campaigns"
import { useLive } from "../../state/live"
import { session } from "../../state/session"
import { words } from "../../text/en"
import { count } from "../../text/locale"

const { links: said, unit } = words

/** What was counted of one link, as it is counted. */
export function LinkCounts({ link }: { link: LinkView }) {
  const counted = useAsked("reportCompare", {
    query: { of: [new URLSearchParams({ link: link.link }).toString()] },
  })
  useLive({ account: link.account, campaign: link.campaign }, counted.again)
  const side = counted.data?.rows[0]
  const own = session.value?.account ?? ""
  return (
    <section>
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
        </dl>
      )}
      {link.campaign && (
        <a href={campaignAddress(link.account, link.campaign, own, new URLSearchParams())}>
          {said.toCampaign}
        </a>
      )}
    </section>
  )
}
