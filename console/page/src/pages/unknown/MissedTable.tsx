import { type Missed, slugToMake } from "../../count/missed"
import { Spark } from "../../parts/figures"
import { Scrolls } from "../../parts/Scrolls"
import { pageOf } from "../../state/linkAddress"
import { inThisZone } from "../../state/place"
import { may, session } from "../../state/session"
import { words } from "../../text/en"
import { count } from "../../text/locale"

const { unknown: said } = words

/** Each slug: why it led nowhere, how often it was asked for, from where, and what to do. */
export function MissedTable({ missed, open }: { missed: readonly Missed[]; open: boolean }) {
  const { columns } = said
  return (
    <Scrolls label={said.title}>
      <table class="missed">
        <thead>
          <tr>
            <th>{columns.slug}</th>
            <th class="aside">{columns.reason}</th>
            <th class="number">{columns.requests}</th>
            <th>{columns.days}</th>
            <th>{columns.from}</th>
            <th>{columns.do}</th>
          </tr>
        </thead>
        <tbody>
          {missed.map(one => (
            <tr key={one.key}>
              <td class="named">
                {one.others ? (
                  <>
                    {said.others}
                    <div class="soft">{said.othersHint}</div>
                  </>
                ) : (
                  <>
                    <strong>
                      {one.domain}/{one.slug}
                    </strong>
                    {one.labels.length > 0 && <div class="soft">{one.labels.join(" · ")}</div>}
                  </>
                )}
                <span class="under soft">{said.reason[one.reason]}</span>
              </td>
              <td class="aside">{said.reason[one.reason]}</td>
              <td class="number strong">{count(one.requests)}</td>
              <td class="trend">
                <span class="unseen">{said.days(one.days.map(count))}</span>
                <Spark values={one.days} open={open} of="missed" />
              </td>
              <td class="from">
                <From one={one} />
              </td>
              <td>
                <Do one={one} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  )
}

function From({ one }: { one: Missed }) {
  const [first, ...others] = one.referrers
  const named = first?.host || said.noHost
  if (!others.length) return <span class={first?.host ? undefined : "soft"}>{named}</span>
  return (
    <details>
      <summary>
        {named} <span class="soft">+ {said.more(others.length)}</span>
      </summary>
      <ul>
        {one.referrers.map(({ host, requests }) => (
          <li key={host}>
            <span>{host || said.noHost}</span> <span class="soft">{count(requests)}</span>
          </li>
        ))}
      </ul>
    </details>
  )
}

function Do({ one }: { one: Missed }) {
  const slug = slugToMake(one, session.value?.domains ?? [])
  if (slug !== null && may("links:write")) {
    const fields = new URLSearchParams({ new: "1", domain: one.domain, slug })
    return (
      <a
        class="button"
        href={inThisZone(`/links?${fields}`)}
        aria-label={said.makeOf(`${one.domain}/${slug}`)}
      >
        {said.make}
      </a>
    )
  }
  if (one.reason === "expired" && may("links:read")) {
    return <a href={pageOf(one)}>{said.see}</a>
  }
  if (one.reason === "deleted" && may("links:write"))
    return <a href={inThisZone("/links/deleted")}>{said.restore}</a>
  return null
}
