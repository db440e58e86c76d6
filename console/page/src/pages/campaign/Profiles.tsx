import { address, type Query } from "../../api/client"
import { type Profile, profileKey } from "../../count/campaign"
import { Actions, tabbed } from "../../parts/actions"
import { Change, Count, ctrText, intervalText, RangeBar, Sign, Spark } from "../../parts/figures"
import { Scrolls } from "../../parts/Scrolls"
import { words } from "../../text/en"
import { count } from "../../text/locale"
import type { Uniques } from "./useUniques"

const { campaign: said, campaigns, unit } = words
const COLUMNS = ["channel", "profile", "posts", "clicks", "impressions", "ctr", "ctr_from", "ctr_to"]

/** Each profile that posts are of: several pages of one channel are told apart. */
export function Profiles(props: {
  profiles: readonly Profile[]
  query: Omit<Query<"reportBreakdown">, "by">
  open: boolean
  uniques: Uniques
  days: number
}) {
  const { profiles, query, open, uniques, days } = props
  const compared = profiles.some(({ before }) => before.clicks + before.impressions > 0)
  const counted = uniques.all !== undefined
  const known = (one: Profile) => uniques.ofProfile.get(profileKey(one)) ?? (uniques.told ? 0 : undefined)
  const csv = address("reportBreakdown", { query: { ...query, by: "channel,profile" } }, { format: "csv" })
  return (
    <section>
      <div class="title">
        <h2>{said.profiles}</h2>
        <Actions
          of={said.profiles}
          csv={csv}
          copy={() =>
            tabbed([
              [...COLUMNS, ...(counted ? [unit.uniques(days)] : [])],
              ...profiles.map(one => [...cells(one), ...(counted ? [known(one) ?? null] : [])]),
            ])
          }
        />
      </div>
      <Scrolls label={said.profiles}>
        <table class="profiles">
          <thead>
            <tr>
              <th>{said.profile}</th>
              <th class="number aside">{campaigns.columns.posts}</th>
              <th class="number">
                <Sign of="clicks" /> {campaigns.columns.clicks}
              </th>
              {compared && <th class="number aside">{campaigns.columns.change}</th>}
              {counted && (
                <th class="number" title={unit.uniquesHint(days)}>
                  {unit.uniquesShort(days)}
                </th>
              )}
              <th class="number">
                <Sign of="impressions" /> {campaigns.columns.impressions}
              </th>
              {compared && <th class="number aside">{campaigns.columns.change}</th>}
              <th class="number">
                <Sign of="ctr" /> {campaigns.columns.ctr}
              </th>
              <th>{said.usual}</th>
              <th>{said.trend}</th>
            </tr>
          </thead>
          <tbody>
            {profiles.map(one => (
              <tr key={`${one.channel} ${one.profile}`}>
                <td class="folds">
                  {words.channel[one.channel] ?? one.channel}{" "}
                  <span class="soft">{one.profile || said.noProfile}</span>
                </td>
                <td class="number aside">{count(one.posts)}</td>
                <td class="number strong">{count(one.counts.clicks)}</td>
                {compared && (
                  <td class="number soft aside">
                    <Change now={one.counts.clicks} before={one.before.clicks} />
                  </td>
                )}
                {counted && (
                  <td class="number" aria-busy={uniques.former}>
                    <Count value={known(one)} />
                  </td>
                )}
                <td class="number">{count(one.counts.impressions)}</td>
                {compared && (
                  <td class="number soft aside">
                    <Change now={one.counts.impressions} before={one.before.impressions} />
                  </td>
                )}
                <td class="number">
                  {ctrText(one.ratio)} <span class="soft interval">{intervalText(one.ratio)}</span>
                </td>
                <td class="ranged">
                  <RangeBar ratio={one.ratio} low={one.low} high={one.high} enough={one.enough} />
                </td>
                <td class="trend">
                  <Spark values={one.windows} open={open} of="clicks" />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scrolls>
    </section>
  )
}

function cells(one: Profile): (string | number | null)[] {
  const { channel, profile, posts, counts, ratio } = one
  return [channel, profile, posts, counts.clicks, counts.impressions, ratio.ctr, ratio.from, ratio.to]
}
