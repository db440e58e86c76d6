import { useRef } from "preact/hooks"
import { address } from "../../api/client"
import { CLASSES, lensOf } from "../../count/campaign"
import { type Counts, ratioOf, sumOf } from "../../count/counts"
import { Choose } from "../../parts/Choose"
import { ctrText, Headline, intervalText } from "../../parts/figures"
import { PeriodPicker } from "../../parts/PeriodPicker"
import { SavedViews } from "../../parts/SavedViews"
import { Failed, Skeleton, Stale } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { pageOf } from "../../state/linkAddress"
import { useMinute } from "../../state/minute"
import { iso, periodOf, windowsOf } from "../../state/period"
import { place, setQuery } from "../../state/place"
import { may, zone } from "../../state/session"
import { words } from "../../text/en"
import { change, count } from "../../text/locale"
import { Breakdowns } from "../campaign/Breakdowns"
import { Counted } from "../campaign/Counted"
import { HeatMap } from "../campaign/HeatMap"
import { Series } from "../campaign/Series"
import type { Source } from "../campaign/source"
import "../campaign/campaign.css"

const { links: said, unit, campaign } = words
const NOTHING: Counts = sumOf([])

/** The clicks of one link: over time, who clicked and from where, and when. */
export function ClicksView({ parts }: { parts: Record<string, string> }) {
  const path = { domain: parts["domain"] ?? "", slug: parts["slug"] ?? "" }
  const link = `${path.domain}/${path.slug}`
  const now = useMinute()
  const { query } = place.value
  const period = periodOf(query, zone.value, now)
  const { class: traffic } = lensOf(query)
  const lens = traffic ? { class: traffic } : {}
  const record = useAsked("readLink", may("links:read") ? { path } : null, { everyMs: 0 })
  const times = { since: iso(period.since), until: iso(period.until) }
  const earlier = { since: iso(period.before.since), until: iso(period.before.until) }
  const of = { link, ...lens }
  const counted = useAsked("reportBreakdown", { query: { ...of, ...times, by: "link" } })
  const before = useAsked(
    "reportBreakdown",
    { query: { ...of, ...earlier, by: "link" } },
    { about: JSON.stringify([of, times]) },
  )
  const asking = { query: { ...of, ...times, unit: period.unit, zone: zone.value } }
  const series = useAsked("reportSeries", asking)
  const uniques = useAsked("reportUniques", traffic ? null : { query: { link, ...times } })
  const sums = counted.data?.rows[0] ?? NOTHING
  const former = counted.former || before.former || series.former || uniques.former
  const drawn = useRef({ period, windows: [] as number[] })
  if (!former) drawn.current = { period, windows: windowsOf(period, zone.value).filter(one => one <= now) }
  const { account, campaign: name, channel, post, profile } = record.data ?? {}
  const labels = record.data ? { account, campaign: name, channel, post, profile } : {}
  const source: Source = {
    name: "reportBreakdown",
    query: { ...(labels as Record<string, string>), ...of, ...times, by: "link" },
  }
  return (
    <>
      <div class="head">
        <div>
          <h1 tabIndex={-1}>{said.clicksOf(link)}</h1>
          <p class="soft">
            {record.data?.title || name} {may("links:read") && <a href={pageOf(path)}>{said.toLink}</a>}
          </p>
        </div>
        <div class="chosen">
          <PeriodPicker period={period} />
          <Choose
            label={campaign.class}
            value={traffic ?? ""}
            choices={[["", campaign.people], ...CLASSES.map(one => [one, campaign.classes[one]] as const)]}
            choose={value => setQuery({ class: value || null })}
          />
          <SavedViews name={said.clicksOf(link)} />
        </div>
      </div>
      {counted.problem && counted.at && <Stale at={counted.at} again={counted.again} />}
      {!counted.data ? (
        counted.problem ? (
          <Failed within problem={counted.problem} again={counted.again} />
        ) : (
          <Skeleton height={400} />
        )
      ) : (
        <div class="loaded" aria-busy={former}>
          <div class="headlines">
            <dl>
              <Headline
                sign="clicks"
                name={unit.clicks}
                value={count(sums.clicks)}
                beside={change(sums.clicks, (before.data?.rows[0] ?? NOTHING).clicks)}
              />
              <Headline sign="impressions" name={unit.impressions} value={count(sums.impressions)} />
              <Headline
                sign="ctr"
                name={unit.ctr}
                value={ctrText(ratioOf(sums))}
                beside={intervalText(ratioOf(sums))}
              />
              {uniques.data && !traffic && (
                <Headline
                  name={unit.uniques(period.days)}
                  title={unit.uniquesHint(period.days)}
                  value={count(uniques.data.rows[0]?.unique_clicks ?? 0)}
                />
              )}
            </dl>
            <Counted
              sums={sums}
              lens={lens}
              period={period}
              at={counted.at}
              source={source}
              uniques={!traffic}
            />
          </div>
          <Series
            rows={series.data?.rows ?? []}
            lens={lens}
            happenings={[]}
            windows={drawn.current.windows}
            period={drawn.current.period}
            now={now}
            title={link}
            csv={address("reportSeries", asking, { format: "csv" })}
          />
          <Breakdowns of={{ link }} period={period} lens={lens} title={link} />
          <HeatMap of={{ link, ...times }} lens={lens} title={link} />
        </div>
      )}
    </>
  )
}
