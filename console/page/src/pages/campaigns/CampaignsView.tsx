import { useMemo, useRef } from "preact/hooks"
import { address } from "../../api/client"
import { Actions, tabbed } from "../../parts/actions"
import { Choose } from "../../parts/Choose"
import { Change, ctrText, intervalText, Sign } from "../../parts/figures"
import { PeriodPicker } from "../../parts/PeriodPicker"
import { SavedViews } from "../../parts/SavedViews"
import { Scrolls } from "../../parts/Scrolls"
import { Failed, Skeleton, Stale, Warning } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { campaignAddress, fitting, type Listed, listed } from "../../state/campaigns"
import { useMinute } from "../../state/minute"
import { iso, periodOf } from "../../state/period"
import { go, place, setQuery, withQuery } from "../../state/place"
import { may, session, zone } from "../../state/session"
import { useShortcuts } from "../../state/shortcuts"
import { words } from "../../text/en"
import { count, dash } from "../../text/locale"
import { FirstStart } from "./FirstStart"
import "./campaigns.css"

const { campaigns: said } = words
const STATES = ["active", "completed", "all"] as const

/** All campaigns that the reader may see, with what was counted of each. */
export function CampaignsView() {
  const now = useMinute()
  const { query } = place.value
  const period = periodOf(query, zone.value, now)
  const times = { since: iso(period.since), until: iso(period.until) }
  const counted = useAsked("reportCampaigns", { query: times })
  const earlier = { since: iso(period.before.since), until: iso(period.before.until) }
  const before = useAsked("reportCampaigns", { query: earlier }, { about: earlier.since })
  const records = useAsked("listCampaigns", may("links:read") ? { query: { limit: 1000 } } : null)

  const campaigns = useMemo(
    () => listed(counted.data?.rows ?? [], before.data?.rows ?? [], records.data?.campaigns ?? []),
    [counted.data, before.data, records.data],
  )
  const search = query.get("search") ?? ""
  const state = query.get("state") ?? "active"
  const shown = fitting(campaigns, search, state)
  // Of a young account there is nothing before to compare with.
  const compared = shown.some(one => (one.before?.clicks ?? 0) + (one.before?.impressions ?? 0) > 0)
  const field = useRef<HTMLInputElement>(null)
  useShortcuts([{ keys: "/", does: said.search, run: () => field.current?.focus() }])

  if (!counted.data && counted.problem) return <Failed problem={counted.problem} again={counted.again} />
  const known = counted.data && (records.data || records.problem || !may("links:read"))
  if (known && !campaigns.length && !query.size) return <FirstStart />
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>{said.title}</h1>
        <div class="chosen">
          <PeriodPicker period={period} />
          <SavedViews name={said.title} />
        </div>
      </div>
      {counted.problem && counted.at && <Stale at={counted.at} again={counted.again} />}
      <div class="controls">
        <input
          ref={field}
          type="search"
          aria-label={said.search}
          placeholder={said.search}
          value={search}
          onInput={event => go(withQuery({ search: event.currentTarget.value || null }), { replace: true })}
        />
        <Choose
          label={said.columns.state}
          value={state}
          choices={STATES.map(one => [one, said.state[one] ?? one])}
          choose={value => setQuery({ state: value === "active" ? null : value })}
        />
        <span class="fill" />
        <Actions
          of={said.title}
          csv={address("reportCampaigns", { query: times }, { format: "csv" })}
          copy={() => tabbed([COLUMNS, ...shown.map(cells)])}
        />
      </div>
      {!counted.data ? (
        <Skeleton height={320} />
      ) : shown.length ? (
        <Scrolls label={said.title}>
          <table aria-busy={counted.former || before.former}>
            <thead>
              <tr>
                <th>{said.columns.campaign}</th>
                <th class="number aside">{said.columns.posts}</th>
                <th class="number">
                  <Sign of="clicks" /> {said.columns.clicks}
                </th>
                {compared && <th class="number aside">{said.columns.change}</th>}
                <th class="number">
                  <Sign of="impressions" /> {said.columns.impressions}
                </th>
                {compared && <th class="number aside">{said.columns.change}</th>}
                <th class="number">
                  <Sign of="ctr" /> {said.columns.ctr}
                </th>
                <th>{said.columns.pattern}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(one => (
                <Row one={one} compared={compared} key={`${one.account} ${one.name}`} />
              ))}
            </tbody>
          </table>
        </Scrolls>
      ) : (
        <p class="none">
          {said.none} <span class="soft">{said.noneHint}</span>
        </p>
      )}
    </>
  )
}

const COLUMNS = [
  "campaign",
  "account",
  "posts",
  "clicks",
  "impressions",
  "ctr",
  "ctr_from",
  "ctr_to",
  "pattern",
]

function cells({ name, account, row }: Listed): (string | number | null)[] {
  return [
    name,
    account,
    row?.posts ?? 0,
    row?.clicks ?? 0,
    row?.impressions ?? 0,
    row?.ctr ?? null,
    row?.ctr_from ?? null,
    row?.ctr_to ?? null,
    row?.pattern ?? "",
  ]
}

function Row({ one, compared }: { one: Listed; compared: boolean }) {
  const { row, before } = one
  const own = session.value?.account ?? ""
  const ratio = { ctr: row?.ctr ?? null, from: row?.ctr_from ?? null, to: row?.ctr_to ?? null }
  const pattern = words.pattern[row?.pattern ?? ""]
  const warns = row?.pattern === "many impressions, few clicks"
  return (
    <tr>
      <td class="folds">
        {one.name ? (
          <a class="campaign" href={campaignAddress(one.account, one.name, own, place.value.query)}>
            {one.name}
          </a>
        ) : (
          <span class="soft">{said.noName}</span>
        )}{" "}
        {one.account !== own && <span class="soft">{one.account}</span>}
        {one.record?.state === "completed" && <span class="soft"> {said.state["completed"]}</span>}
      </td>
      <td class="number aside">{row ? count(row.posts ?? 0) : dash}</td>
      <td class="number strong">{row ? count(row.clicks) : dash}</td>
      {compared && (
        <td class="number soft aside">{row && <Change now={row.clicks} before={before?.clicks} />}</td>
      )}
      <td class="number">{row ? count(row.impressions) : dash}</td>
      {compared && (
        <td class="number soft aside">
          {row && <Change now={row.impressions} before={before?.impressions} />}
        </td>
      )}
      <td class="number">
        {ctrText(ratio)} <span class="soft interval">{intervalText(ratio)}</span>
      </td>
      <td class="wide">
        {warns && <Warning />} {pattern?.says ?? row?.pattern}
      </td>
    </tr>
  )
}
