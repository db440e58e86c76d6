import { impressionsWanted, type Post } from "../../count/campaign"
import { ctrText, intervalText, RangeBar, Sign, Spark } from "../../parts/figures"
import { Warning } from "../../parts/states"
import { zone } from "../../state/session"
import { words } from "../../text/en"
import { change, count, plainPercent, time } from "../../text/locale"

const { campaign: said, unit } = words

/**
 * A post: what it says, what was counted, what that means and what to do; why, for who wants to know. `former`: what of
 * it is of filters before.
 */
export function PostCard(props: {
  post: Post
  windows: readonly number[]
  open: boolean
  uniques: number | undefined
  former: { series: boolean; uniques: boolean }
  days: number
}) {
  const { post, windows, open, uniques, former, days } = props
  const { row, counts, ratio, before, judged } = post
  const awareness = row.pattern === "awareness"
  const pattern = words.pattern[row.pattern]
  const clicks = (
    <p class={awareness ? "count" : "count leads"}>
      <Sign of="clicks" /> <strong>{count(counts.clicks)}</strong> {unit.clicks}{" "}
      <span class="soft">{change(counts.clicks, before.clicks)}</span>
    </p>
  )
  const impressions = (
    <p class={awareness ? "count leads" : "count"}>
      <Sign of="impressions" /> <strong>{count(counts.impressions)}</strong> {unit.impressions}{" "}
      <span class="soft">{change(counts.impressions, before.impressions)}</span>
    </p>
  )
  return (
    <li class={post.warns ? "card warns" : "card"}>
      <header>
        <h3>
          {words.channel[post.channel] ?? post.channel}
          <span class="soft"> {post.profiles.join(", ")}</span>
        </h3>
        {post.publishedAt !== null && <span class="soft">{time(post.publishedAt, "day", zone.value)}</span>}
      </header>
      <p class="text">
        {post.url ? (
          <a href={post.url} target="_blank" rel="noreferrer">
            {post.text || post.name}
          </a>
        ) : (
          post.text || post.name || said.noText
        )}
      </p>
      <div class="counts">
        {awareness ? impressions : clicks}
        {awareness ? clicks : impressions}
        {uniques !== undefined && (
          <p class="soft" title={unit.uniquesHint(days)} aria-busy={former.uniques}>
            {count(uniques)} {unit.uniques(days)}
          </p>
        )}
      </div>
      {!awareness && (
        <div class="ratio">
          <p>
            {unit.ctr} <strong>{ctrText(ratio)}</strong> <span class="soft">{intervalText(ratio)}</span>
          </p>
          <RangeBar ratio={ratio} low={row.range_low} high={row.range_high} enough={row.enough_data} />
        </div>
      )}
      <Spark values={windows} open={open} of={awareness ? "impressions" : "clicks"} former={former.series} />
      <div class="says">
        {judged ? (
          <>
            <p>
              {post.warns && <Warning />} <strong>{pattern?.says ?? row.pattern}</strong>
            </p>
            {pattern && <p>{pattern.do}</p>}
            {row.over_100_percent && <p class="attention">{said.over}</p>}
            {!awareness && <Why post={post} />}
          </>
        ) : (
          <p class="soft">{said.notJudged}</p>
        )}
      </div>
    </li>
  )
}

function Why({ post: { row, ratio } }: { post: Post }) {
  const wanted = impressionsWanted(row.range_low)
  const { because } = said
  return (
    <details>
      <summary class="soft">{said.why}</summary>
      <ul class="soft">
        {!row.enough_data && <li>{because.enough(count(row.impressions), count(wanted))}</li>}
        {row.enough_data && <li>{because.many(count(row.impressions), count(row.usual_impressions))}</li>}
        {row.enough_data && row.range_low !== null && row.range_high !== null && (
          <li>{because.range(ctrText(ratio), plainPercent(row.range_low, row.range_high))}</li>
        )}
      </ul>
    </details>
  )
}
