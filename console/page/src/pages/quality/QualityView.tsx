import type { ComponentChildren } from "preact"
import { address, request } from "../../api/client"
import type { Finding } from "../../api/types"
import { Actions, tabbed } from "../../parts/actions"
import { PeriodPicker } from "../../parts/PeriodPicker"
import { SavedViews } from "../../parts/SavedViews"
import { Scrolls } from "../../parts/Scrolls"
import { ShowSql } from "../../parts/ShowSql"
import { Failed, Skeleton, Stale, Warning } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { pageOfName } from "../../state/linkAddress"
import { useMinute } from "../../state/minute"
import { iso, periodOf } from "../../state/period"
import { place } from "../../state/place"
import { zone } from "../../state/session"
import { words } from "../../text/en"
import { count, time } from "../../text/locale"
import { findingsOf } from "./findings"
import "./quality.css"

const { quality: said } = words

/** What may be wrong with the numbers, what is left out of them, and how far they go. */
export function QualityView() {
  const now = useMinute()
  const period = periodOf(place.value.query, zone.value, now)
  const query = { since: iso(period.since), until: iso(period.until) }
  const asked = useAsked("reportQuality", { query })
  const rows = asked.data?.rows
  return (
    <>
      <div class="head">
        <h1 tabIndex={-1}>{said.title}</h1>
        <div class="chosen">
          <PeriodPicker period={period} />
          <SavedViews name={said.title} />
        </div>
      </div>
      {!rows ? (
        asked.problem ? (
          <Failed within problem={asked.problem} again={asked.again} />
        ) : (
          <Skeleton height={400} />
        )
      ) : (
        <div class="loaded" aria-busy={asked.former}>
          {asked.problem && asked.at && <Stale at={asked.at} again={asked.again} />}
          <Found rows={rows}>
            <Actions
              of={said.title}
              csv={address("reportQuality", { query }, { format: "csv" })}
              copy={() =>
                tabbed(rows.map(one => [one.finding, one.amount, one.examples.join(" "), one.meaning]))
              }
            />
          </Found>
          <ShowSql
            key={JSON.stringify(query)}
            name={said.sql}
            fetchText={async () =>
              (await request("reportQuality", { query: { ...query, format: "sql" } })).text()
            }
          />
        </div>
      )}
    </>
  )
}

function Found({ rows, children }: { rows: readonly Finding[]; children: ComponentChildren }) {
  const { needs, left, rules, upTo } = findingsOf(rows)
  return (
    <>
      <section>
        <div class="title">
          <h2>{said.needs}</h2>
          {children}
        </div>
        {needs.length ? (
          <ul class="findings">
            {needs.map(one => (
              <Needing one={one} key={one.finding} />
            ))}
          </ul>
        ) : (
          <p>
            {said.fine}. <span class="soft">{said.fineHint}</span>
          </p>
        )}
      </section>
      <section>
        <h2>{said.left}</h2>
        <p class="soft">{left.length ? said.leftHint : said.leftNone}</p>
        {left.length > 0 && <Left left={left} />}
      </section>
      <section>
        <h2>{said.how}</h2>
        <dl class="how">
          <dt>{said.upTo}</dt>
          <dd>{upTo ? said.upToSaid(time(upTo, "dayAndTime", zone.value)) : said.never}</dd>
          <dt>{said.rules}</dt>
          <dd>{rules.length ? said.rulesSaid(rules) : said.rulesNone}</dd>
        </dl>
      </section>
    </>
  )
}

function Needing({ one }: { one: Finding }) {
  const known = said.findings[one.finding]
  const amount = count(one.amount)
  return (
    <li>
      <p>
        <Warning /> <strong>{known?.says(amount) ?? `${one.finding}: ${amount}`}</strong>
      </p>
      <p class="soft">{known?.do ?? one.meaning}</p>
      {one.examples.length > 0 && (
        <details>
          <summary class="soft">{said.examples}</summary>
          <ul>
            {one.examples.map(example => (
              <li key={example}>
                {one.finding.startsWith("links") ? <a href={pageOfName(example)}>{example}</a> : example}
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  )
}

function Left({ left }: { left: ReturnType<typeof findingsOf>["left"] }) {
  const { columns } = said
  return (
    <Scrolls label={said.left}>
      <table class="left-out">
        <thead>
          <tr>
            <th>{columns.what}</th>
            <th class="number">{columns.amount}</th>
            <th class="aside">{columns.why}</th>
          </tr>
        </thead>
        <tbody>
          {left.map(({ of, name, amount, meaning }) => {
            const known = said.classes[name]
            const says = known?.says ?? name
            return (
              <tr key={`${of} ${name}`}>
                <td class="folds">
                  {of === "clicks" ? said.clicksOf(says) : said.impressionsOf(says)}
                  <span class="under soft">{known?.why ?? meaning}</span>
                </td>
                <td class="number">{count(amount)}</td>
                <td class="wide soft aside">{known?.why ?? meaning}</td>
              </tr>
            )
          })}
        </tbody>
      </table>
    </Scrolls>
  )
}
