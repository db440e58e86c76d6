import { useState } from "preact/hooks"
import { Headline, Sign, Spark } from "../../parts/figures"
import { Scrolls } from "../../parts/Scrolls"
import { Skeleton, Warning } from "../../parts/states"
import { campaignAddress } from "../../state/campaigns"
import { useListening, useNow } from "../../state/listening"
import { type LivePost, postsOf, tenMinutes } from "../../state/liveRows"
import { session, zone } from "../../state/session"
import { useShortcuts } from "../../state/shortcuts"
import { words } from "../../text/en"
import { count, time } from "../../text/locale"
import "./live.css"

const { live: said, unit } = words
const EVERY_MS = 1000
const SHOWN = 100

/** Counts as they change. */
export function LiveView() {
  const [on, setOn] = useState(true)
  const { rows, connected, since } = useListening(on)
  // What is not heard any more does not pass either: it is as of then.
  const now = useNow(EVERY_MS, connected)
  useShortcuts([{ keys: "p", does: said.pause, run: () => setOn(before => !before) }])
  const sums = tenMinutes(rows.values(), now)
  const posts = postsOf(rows, now)
  const at = since === null ? "" : time(since, "time", zone.value)
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>{said.title}</h1>
        <div class="chosen">
          <p class={connected ? "pulse on" : "pulse"} role="status">
            <svg width="10" height="10" viewBox="0 0 10 10" aria-hidden="true">
              <circle cx="5" cy="5" r="4" />
            </svg>{" "}
            {connected ? said.on : on ? said.waiting : said.paused(at)}
          </p>
          <button type="button" onClick={() => setOn(!on)}>
            {on ? said.pause : said.resume}
          </button>
        </div>
      </div>
      {on && !connected && since !== null && (
        <p class="stale" role="alert">
          <span>
            <Warning /> {said.lost(at)}
          </span>
        </p>
      )}
      {!connected && on && since === null ? (
        <Skeleton height={240} />
      ) : (
        <div class="loaded">
          <section class="ten">
            <dl>
              <Headline sign="clicks" name={unit.clicks} value={count(sums.clicks)} />
              <Headline sign="impressions" name={unit.impressions} value={count(sums.impressions)} />
            </dl>
            <figure aria-label={said.minutes(sums.minutes)} role="img">
              <Spark values={sums.minutes} open={connected} of="clicks" />
            </figure>
            <p class="soft">
              {said.window}. {said.hint}{" "}
              {sums.gross_clicks > sums.clicks && said.gross(sums.gross_clicks - sums.clicks)}
            </p>
          </section>
          {posts.length ? (
            <Posts posts={posts.slice(0, SHOWN)} open={connected} />
          ) : (
            <p class="none">
              {said.quiet}. <span class="soft">{said.quietHint}</span>
            </p>
          )}
        </div>
      )}
    </>
  )
}

function Posts({ posts, open }: { posts: readonly LivePost[]; open: boolean }) {
  const own = session.value?.account ?? ""
  const { columns } = said
  return (
    <Scrolls label={said.window}>
      <table>
        <thead>
          <tr>
            <th>{columns.post}</th>
            <th>{columns.channel}</th>
            <th>{columns.campaign}</th>
            <th class="number">
              <Sign of="clicks" /> {words.campaigns.columns.clicks}
            </th>
            <th class="number">
              <Sign of="impressions" /> {words.campaigns.columns.impressions}
            </th>
            <th>{columns.last}</th>
          </tr>
        </thead>
        <tbody>
          {posts.map(one => (
            <tr key={one.key}>
              <td class="strong">{one.post || <span class="soft">{said.noPost}</span>}</td>
              <td>{words.channel[one.channel] ?? one.channel}</td>
              <td>
                {one.campaign ? (
                  <a href={campaignAddress(one.account, one.campaign, own, new URLSearchParams())}>
                    {one.campaign}
                  </a>
                ) : (
                  <span class="soft">{words.campaigns.noName}</span>
                )}
              </td>
              <td class="number strong">{count(one.clicks)}</td>
              <td class="number">{count(one.impressions)}</td>
              <td class="trend">
                <Spark values={one.minutes} open={open} of="clicks" />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  )
}
