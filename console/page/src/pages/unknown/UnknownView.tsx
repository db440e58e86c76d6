import { useMemo, useRef } from "preact/hooks"
import { address, request } from "../../api/client"
import { type Missed, missedOf, REASONS, withLetters } from "../../count/missed"
import { Actions, tabbed } from "../../parts/actions"
import { Choose } from "../../parts/Choose"
import { PeriodPicker } from "../../parts/PeriodPicker"
import { SavedViews } from "../../parts/SavedViews"
import { ShowSql } from "../../parts/ShowSql"
import { Failed, Skeleton, Stale } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { useMinute } from "../../state/minute"
import { periodOf } from "../../state/period"
import { go, place, setQuery, withQuery } from "../../state/place"
import { session, zone } from "../../state/session"
import { useShortcuts } from "../../state/shortcuts"
import { utcDaysOf } from "../../state/utcDays"
import { words } from "../../text/en"
import { count } from "../../text/locale"
import { MissedDays } from "./MissedDays"
import { MissedTable } from "./MissedTable"
import "./unknown.css"

const { unknown: said } = words
const MOST_ROWS = 10_000
const NO_FILTERS = { search: null, reason: null, domain: null }

/** What was asked for in vain, and what to do about it. */
export function UnknownView() {
  const now = useMinute()
  const { query } = place.value
  const period = periodOf(query, zone.value, now)
  const { since, until, days } = utcDaysOf(period, zone.value)
  const today = new Date(now).toISOString().slice(0, 10)
  const over = days.filter(day => day <= today)
  const reason = REASONS.find(one => one === query.get("reason"))
  const account = query.get("account")
  const asking = {
    query: { since, until, limit: MOST_ROWS, ...(reason ? { reason } : {}), ...(account ? { account } : {}) },
  }
  const asked = useAsked("reportUnknownSlugs", asking)
  const rows = asked.data?.rows
  const missed = useMemo(() => missedOf(rows ?? [], over), [rows, over.join()])
  const search = query.get("search") ?? ""
  const domain = query.get("domain") ?? ""
  const shown = withLetters(missed, search, domain)
  const domains = [...new Set(missed.map(one => one.domain))].filter(Boolean).sort()
  const field = useRef<HTMLInputElement>(null)
  useShortcuts([{ keys: "/", does: said.search, run: () => field.current?.focus() }])

  return (
    <>
      <div class="head">
        <div>
          <h1 tabIndex={-1}>{said.title}</h1>
          <p class="soft">
            {said.what} {session.value?.account && said.ofAccount}
          </p>
        </div>
        <div class="chosen">
          <PeriodPicker period={period} />
          <SavedViews name={said.title} />
        </div>
      </div>
      {asked.problem && asked.at && <Stale at={asked.at} again={asked.again} />}
      {!rows ? (
        asked.problem ? (
          <Failed within problem={asked.problem} again={asked.again} />
        ) : (
          <Skeleton height={480} />
        )
      ) : missed.length === 0 && !reason && !asked.former ? (
        <p class="none">
          {said.none}. <span class="soft">{said.noneHint}</span>
        </p>
      ) : (
        <div class="loaded" aria-busy={asked.former}>
          <MissedDays missed={shown} days={over} open={over.at(-1) === today} csv={csv()} />
          <section>
            <div class="controls">
              <input
                ref={field}
                type="search"
                aria-label={said.search}
                placeholder={said.search}
                value={search}
                onInput={event =>
                  go(withQuery({ search: event.currentTarget.value || null }), { replace: true })
                }
              />
              <Choose
                label={said.reasonLabel}
                value={reason ?? ""}
                choices={[["", said.allReasons], ...REASONS.map(one => [one, said.reason[one]] as const)]}
                choose={value => setQuery({ reason: value || null })}
              />
              {(domains.length > 1 || domain) && (
                <Choose
                  label={said.domain}
                  value={domain}
                  choices={[["", said.allDomains], ...domains.map(one => [one, one] as const)]}
                  choose={value => setQuery({ domain: value || null })}
                />
              )}
              <span class="fill" />
              <Actions of={said.title} csv={csv()} copy={() => tabbed([COLUMNS, ...shown.map(cells)])} />
            </div>
            {rows.length >= MOST_ROWS && <p class="soft">{said.most(count(MOST_ROWS))}</p>}
            {shown.length ? (
              <MissedTable missed={shown} open={over.at(-1) === today} />
            ) : (
              <p class="none">
                {said.noneFits}. <span class="soft">{said.noneFitsHint}</span>{" "}
                <a href={withQuery(NO_FILTERS)}>{said.clear}</a>
              </p>
            )}
          </section>
          <ShowSql
            key={JSON.stringify(asking.query)}
            name={words.counted.sqlOfThese}
            fetchText={async () =>
              (await request("reportUnknownSlugs", { query: { ...asking.query, format: "sql" } })).text()
            }
          />
        </div>
      )}
    </>
  )

  function csv(): string {
    return address("reportUnknownSlugs", asking, { format: "csv" })
  }
}

const COLUMNS = ["domain", "slug", "reason", "requests", "referrers"]

function cells({ domain, slug, reason, requests, referrers }: Missed): (string | number)[] {
  return [
    domain,
    slug,
    reason,
    requests,
    referrers.map(one => `${one.host || "-"} ${one.requests}`).join(", "),
  ]
}
