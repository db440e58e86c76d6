import { useMemo, useRef } from "preact/hooks"
import { address } from "../../api/client"
import {
  filtersOf,
  fitting,
  happenedTo,
  lensOf,
  type Post,
  postsOf,
  profilesOf,
  SORTS,
  sorted,
} from "../../count/campaign"
import { ratioOf, sumOf } from "../../count/counts"
import { PLOT_HEIGHT } from "../../draw/seriesDrawing"
import { Actions, tabbed } from "../../parts/actions"
import { Choose } from "../../parts/Choose"
import { PeriodPicker } from "../../parts/PeriodPicker"
import { SavedViews } from "../../parts/SavedViews"
import { ShareMenu, scopeText } from "../../parts/ShareMenu"
import { Failed, Skeleton, Stale } from "../../parts/states"
import { useLive } from "../../state/live"
import { useMinute } from "../../state/minute"
import { periodOf, windowsOf } from "../../state/period"
import { place, setQuery } from "../../state/place"
import { useRested } from "../../state/rested"
import { session, zone } from "../../state/session"
import { scopeOf } from "../../state/shares"
import { words } from "../../text/en"
import { time } from "../../text/locale"
import { Breakdowns } from "./Breakdowns"
import { Cards } from "./Cards"
import { FilterBar } from "./FilterBar"
import { Headlines } from "./Headlines"
import { HeatMap } from "./HeatMap"
import { Profiles } from "./Profiles"
import { Series } from "./Series"
import { addressOf, sourceOf } from "./source"
import { useFacts, type Whose } from "./useFacts"
import { useUniques } from "./useUniques"
import "./campaign.css"

const { campaign: said } = words

/** A campaign: what its posts did, which worked, and what to do. */
export function CampaignView({ parts }: { parts: Record<string, string> }) {
  const name = parts["campaign"] ?? ""
  const now = useMinute()
  const { query } = place.value
  const period = periodOf(query, zone.value, now)
  const account = query.get("account") ?? session.value?.account
  const whose: Whose = { campaign: name, ...(account === undefined ? {} : { account }) }
  const lens = lensOf(query)
  const known = useFacts(whose, period, lens)
  const { facts, record, ready, problem, at, former, again, times } = known
  const scope = scopeOf(whose, query)
  const shared = session.value?.kind === "share"
  const uniques = useUniques(
    { ...whose, ...times, ...labels(), ...(lens.having ? { having: lens.having } : {}) },
    !lens.class,
  )
  const followed = useRested(() => {
    again()
    uniques.again()
  }, known.restMs)
  const live = useLive(whose, followed)

  const filters = filtersOf(query)
  // While another period is on its way, the one before is drawn as it was: its counts fall into its own windows.
  const drawn = useRef({ period, windows: [] as number[] })
  if (!former || !drawn.current.windows.length) {
    drawn.current = { period, windows: windowsOf(period, zone.value).filter(one => one <= now) }
  }
  const { windows } = drawn.current
  const key = JSON.stringify([filters, lens, windows[0], windows.length])
  const shown = useMemo(() => postsOf(facts, filters, lens), [facts, key])
  const profiles = useMemo(() => profilesOf(facts, filters, windows), [facts, key])
  const rows = useMemo(() => fitting(facts.now, filters), [facts, key])
  const sums = sumOf(rows)
  const before = sumOf(fitting(facts.before, filters))
  const sort = SORTS.find(one => one === query.get("sort")) ?? "needs"
  const ordered = useMemo(() => sorted(shown, sort), [shown, sort])
  const happenings = useMemo(() => happenedTo(shown, facts.annotations), [shown, facts.annotations])
  const open = period.until > now
  const source = sourceOf({ ...whose, ...times, ...labels() }, lens)
  const awareness =
    record?.aim === "awareness" ||
    (facts.posts.length > 0 && facts.posts.every(one => one.pattern === "awareness"))

  const title = (
    <div class="head">
      <div>
        <h1 tabIndex={-1}>{name}</h1>
        <p class="soft">
          {said.says([
            record ? (words.campaigns.state[record.state] ?? record.state) : null,
            ready ? said.posts(new Set(facts.posts.map(one => `${one.channel} ${one.post}`)).size) : null,
            record?.starts_at ? said.since(time(record.starts_at, "day", zone.value)) : null,
            awareness ? said.awareness : null,
          ])}
        </p>
      </div>
      <div class="chosen">
        <PeriodPicker period={period} />
        {!shared && <SavedViews name={name} />}
        {!shared && <ShareMenu name={name} shows={scopeText(scope)} limits={{ scope }} />}
      </div>
    </div>
  )

  if (!ready) {
    return (
      <>
        {title}
        {problem ? <Failed within problem={problem} again={again} /> : <Skeletons />}
      </>
    )
  }
  return (
    <>
      {title}
      {problem && at && <Stale at={at} again={again} />}
      <div class="loaded" aria-busy={former}>
        <Headlines
          sums={sums}
          before={before}
          ratio={ratioOf(sums)}
          awareness={awareness}
          live={live}
          lens={lens}
          period={period}
          at={at}
          source={source}
          uniques={uniques}
        />
        {facts.posts.length === 0 ? (
          <p class="none">
            {said.empty}. <span class="soft">{said.emptyHint}</span>
          </p>
        ) : (
          <>
            <Series
              rows={fitting(facts.series, filters)}
              lens={lens}
              happenings={happenings}
              windows={windows}
              period={drawn.current.period}
              now={now}
              title={name}
              csv={address(
                "reportSeries",
                {
                  query: { ...whose, ...times, ...lens, unit: period.unit, zone: zone.value, ...labels() },
                },
                { format: "csv" },
              )}
            />
            <FilterBar facts={facts} filters={filters} lens={lens} />
            <section>
              <div class="title">
                <h2>{said.posts_}</h2>
                <div class="actions">
                  <Choose
                    label={said.sort}
                    value={sort}
                    choices={SORTS.map(one => [one, said.sorts[one]])}
                    choose={value => setQuery({ sort: value === "needs" ? null : value })}
                  />
                  <Actions of={said.posts_} csv={addressOf(source, "csv")} copy={() => copied(ordered)} />
                </div>
              </div>
              <Cards
                posts={ordered}
                all={facts.posts.length}
                shown={{ whose, times, lens, period, windows, open, uniques }}
                of={`${key} ${sort}`}
              />
            </section>
            <Profiles
              profiles={profiles}
              query={{ ...whose, ...times, ...labels(), ...lens }}
              open={open}
              uniques={uniques}
              days={period.days}
            />
            <Breakdowns of={{ ...whose, ...labels() }} period={period} lens={lens} title={name} />
            <HeatMap of={{ ...whose, ...times, ...labels() }} lens={lens} title={name} />
          </>
        )}
      </div>
    </>
  )
}

/** The filters of the address as the API takes them. */
function labels(): Record<string, string> {
  const given: Record<string, string> = {}
  for (const name of ["channel", "not_channel", "profile", "not_profile"]) {
    const value = place.value.query.get(name)
    if (value) given[name] = value
  }
  return given
}

function Skeletons() {
  return (
    <div class="loaded">
      <Skeleton height={56} />
      <Skeleton height={PLOT_HEIGHT + 32} />
      <Skeleton height={400} />
    </div>
  )
}

const COLUMNS = ["channel", "post", "clicks", "impressions", "ctr", "ctr_from", "ctr_to", "pattern", "advice"]

function copied(posts: readonly Post[]): string {
  const rows = posts.map(({ channel, name, row, counts, ratio }) => [
    channel,
    name,
    counts.clicks,
    counts.impressions,
    ratio.ctr,
    ratio.from,
    ratio.to,
    row.pattern,
    row.advice,
  ])
  return tabbed([COLUMNS, ...rows])
}
