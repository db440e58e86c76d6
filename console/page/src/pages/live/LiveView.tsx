import { useState } from "preact/hooks"
import { type BarsPlot, barAt, barsDrawing } from "../../draw/barsDrawing"
import { Actions, tabbed } from "../../parts/actions"
import { Headline, Sign, Spark } from "../../parts/figures"
import { Plot } from "../../parts/Plot"
import { SavedViews } from "../../parts/SavedViews"
import { Scrolls } from "../../parts/Scrolls"
import { Skeleton, Warning } from "../../parts/states"
import { campaignAddress } from "../../state/campaigns"
import { useListening, useNow } from "../../state/listening"
import { type LivePost, postsOf, tenMinutes } from "../../state/liveRows"
import { iso } from "../../state/period"
import { place } from "../../state/place"
import { session, zone } from "../../state/session"
import { useShortcuts } from "../../state/shortcuts"
import { words } from "../../text/en"
import { count, shortCount, time } from "../../text/locale"
import "./live.css"

const { live: said, unit } = words
const EVERY_MS = 1000
const MINUTE_MS = 60_000
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
          <SavedViews name={said.title} />
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
            <Minutes clicks={sums.minutes} now={now} open={connected} />
            {sums.gross_clicks > sums.clicks && (
              <p class="soft">{said.gross(sums.gross_clicks - sums.clicks)}</p>
            )}
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

/** Clicks of each minute, on an axis. */
function Minutes(props: { clicks: readonly number[]; now: number; open: boolean }) {
  const { clicks, now, open } = props
  const first = Math.floor(now / MINUTE_MS) - clicks.length + 1
  const labels = clicks.map((_, index) => time((first + index) * MINUTE_MS, "time", zone.value))
  const rests = said.rests(zone.value)
  const plot = (width: number, at: number | null): BarsPlot => ({
    width,
    values: clicks,
    labels,
    open,
    at,
    ink: "clicks",
    write: shortCount,
  })
  return (
    <section>
      <div class="title">
        <h2>{said.window}</h2>
        <Actions
          of={said.window}
          picture={() => ({
            drawing: barsDrawing(plot(960, null)),
            title: said.pictured(time(now, "long", zone.value)),
            caption: rests,
          })}
          copy={() =>
            tabbed([
              ["start", "clicks"],
              ...clicks.map((value, index) => [iso((first + index) * MINUTE_MS), value]),
            ])
          }
        />
      </div>
      <Plot
        of={{
          name: said.window,
          count: clicks.length,
          rests,
          says: at =>
            said.minuteSays(
              labels[at] ?? "",
              `${count(clicks[at] ?? 0)} ${unit.clicks}`,
              open && at === clicks.length - 1,
            ),
          draw: (width, at) => barsDrawing(plot(width, at)),
          find: (width, x) => barAt(plot(width, null), x),
        }}
      />
    </section>
  )
}

function campaignOf({ account, campaign }: LivePost) {
  if (!campaign) return <span class="soft">{words.campaigns.noName}</span>
  const own = session.value?.account ?? ""
  return <a href={campaignAddress(account, campaign, own, place.value.query)}>{campaign}</a>
}

function Posts({ posts, open }: { posts: readonly LivePost[]; open: boolean }) {
  const { columns } = said
  const most = Math.max(...posts.flatMap(one => one.minutes), 1)
  return (
    <Scrolls label={said.window}>
      <table>
        <thead>
          <tr>
            <th>{columns.post}</th>
            <th class="aside">{columns.channel}</th>
            <th class="aside">{columns.campaign}</th>
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
              <td class="folds">
                <span class="strong">{one.post || <span class="soft">{said.noPost}</span>}</span>
                <span class="under soft">
                  {words.channel[one.channel] ?? one.channel} · {campaignOf(one)}
                </span>
              </td>
              <td class="aside">{words.channel[one.channel] ?? one.channel}</td>
              <td class="aside">{campaignOf(one)}</td>
              <td class="number strong">{count(one.clicks)}</td>
              <td class="number">{count(one.impressions)}</td>
              <td class="trend">
                <Spark values={one.minutes} open={open} of="clicks" most={most} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  )
}
