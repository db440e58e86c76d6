import { useMemo, useState } from "preact/hooks"
import { type Lens, type Post, perWindow, postKey } from "../../count/campaign"
import { grouped } from "../../count/counts"
import { useAsked } from "../../state/asked"
import type { Period } from "../../state/period"
import { withQuery } from "../../state/place"
import { zone } from "../../state/session"
import { words } from "../../text/en"
import { count } from "../../text/locale"
import { NO_FILTERS } from "./FilterBar"
import { PostCard } from "./PostCard"
import { MOST_ROWS, type Whose } from "./useFacts"
import type { Uniques } from "./useUniques"

const { campaign: said } = words
/** So many cards at a time: a campaign of thousands is drawn and asked about as far as somebody looks. */
export const STEP = 16

/** Of what the cards are: whose posts, when, and through which lens. */
export interface Shown {
  whose: Whose
  times: { since: string; until: string }
  lens: Lens
  period: Period
  windows: readonly number[]
  open: boolean
  uniques: Uniques
}

/**
 * Posts as cards, some at a time. `all`: how many the campaign has, whatever is filtered; `of`: what is filtered and
 * sorted by, for another choice begins with the first again.
 */
export function Cards(props: { posts: readonly Post[]; all: number; of: string; shown: Shown }) {
  const { posts, all, of, shown } = props
  const [more, setMore] = useState({ of, blocks: 1 })
  const blocks = more.of === of ? more.blocks : 1
  if (!posts.length) {
    return (
      <p class="none">
        {said.noneFits}. <span class="soft">{said.noneFitsHint}</span>{" "}
        <a href={withQuery(NO_FILTERS)}>{said.clearFilters}</a>
      </p>
    )
  }
  const left = posts.length - blocks * STEP
  return (
    <div class="posts">
      {Array.from({ length: blocks }, (_, index) => (
        <Block
          posts={posts.slice(index * STEP, (index + 1) * STEP)}
          whole={all <= STEP}
          shown={shown}
          key={index}
        />
      ))}
      {left > 0 && (
        <button type="button" class="more" onClick={() => setMore({ of, blocks: blocks + 1 })}>
          {said.more(count(Math.min(left, STEP)), count(posts.length - left), count(posts.length))}
        </button>
      )}
    </div>
  )
}

/** Some cards, and what each counted over time; asked of all posts at once where they are few. */
function Block({ posts, whole, shown }: { posts: readonly Post[]; whole: boolean; shown: Shown }) {
  const { whose, times, lens, period, windows, open, uniques } = shown
  const names = whole ? [] : [...new Set(posts.map(post => post.name))].sort()
  const query = {
    ...whose,
    ...times,
    ...lens,
    by: "channel,post",
    unit: period.unit,
    zone: zone.value,
    posts: names,
    limit: MOST_ROWS,
  }
  const series = useAsked("reportSeries", posts.length ? { query } : null)
  const ofPost = useMemo(() => grouped(series.data?.rows ?? [], postKey), [series.data])
  return (
    <ul class="cards" aria-label={said.posts_}>
      {posts.map(post => (
        <PostCard
          post={post}
          windows={perWindow(
            ofPost.get(post.key) ?? [],
            windows,
            post.row.pattern === "awareness" ? "impressions" : "clicks",
          )}
          open={open}
          uniques={uniques.ofPost.get(post.key)}
          former={{ series: series.former || (series.loading && !series.data), uniques: uniques.former }}
          days={period.days}
          key={post.key}
        />
      ))}
    </ul>
  )
}
