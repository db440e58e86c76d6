import { useState } from "preact/hooks"
import { ask, ProblemError } from "../../api/client"
import type { DeletedLinkView } from "../../api/types"
import { Scrolls } from "../../parts/Scrolls"
import { Failed, Skeleton } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { pageOf } from "../../state/linkAddress"
import { inThisZone, place, withQuery } from "../../state/place"
import { may, zone } from "../../state/session"
import { words } from "../../text/en"
import { time } from "../../text/locale"
import "./links.css"

const { links: said } = words
const PAGE = 50

/** Deleted links that can be brought back. */
export function DeletedView() {
  const cursor = place.value.query.get("cursor")
  const asked = useAsked("listDeletedLinks", { query: { limit: PAGE, ...(cursor ? { cursor } : {}) } })
  const [told, setTold] = useState<{ link?: DeletedLinkView; wrong?: string }>({})
  const page = asked.data

  async function restore(one: DeletedLinkView): Promise<void> {
    try {
      await ask("restoreLink", { path: { domain: one.link.domain, slug: one.link.slug } })
      setTold({ link: one })
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      setTold({ wrong: error.details.detail || words.state.unreachable })
    }
    asked.again()
  }

  if (!page && asked.problem) return <Failed problem={asked.problem} again={asked.again} />
  return (
    <>
      <div class="head">
        <div>
          <h1 tabIndex={-1}>{said.deleted}</h1>
          <p class="soft">{said.deletedHint}</p>
        </div>
        <a class="button" href={inThisZone("/links")}>
          {said.all}
        </a>
      </div>
      <p role="status" class={told.link ? "told" : "unseen"}>
        {told.link && (
          <>
            {said.restored(told.link.link.link)} <a href={pageOf(told.link.link)}>{said.open}</a>
          </>
        )}
      </p>
      {told.wrong && (
        <p role="alert" class="refused">
          {told.wrong}
        </p>
      )}
      {!page ? (
        <Skeleton height={240} />
      ) : page.links.length ? (
        <Scrolls label={said.deleted}>
          <table class="list" aria-busy={asked.former}>
            <thead>
              <tr>
                <th>{said.columns.link}</th>
                <th>{said.columns.leads}</th>
                <th>{said.deletedAt}</th>
                <th>{said.until}</th>
                <td />
              </tr>
            </thead>
            <tbody>
              {page.links.map(one => (
                <tr key={one.link.link}>
                  <td class="strong">{one.link.link}</td>
                  <td class="leads">{one.link.destination.replace(/^https?:\/\//, "")}</td>
                  <td>{time(one.deleted_at, "dayAndTime", zone.value)}</td>
                  <td>{time(one.restorable_until, "day", zone.value)}</td>
                  <td class="number">
                    {may("links:write") && (
                      <button
                        type="button"
                        aria-label={said.restoreOf(one.link.link)}
                        onClick={() => void restore(one)}
                      >
                        {said.restore}
                      </button>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scrolls>
      ) : (
        <p class="none">{said.deletedNone}.</p>
      )}
      {page?.next && (
        <a class="button" href={withQuery({ cursor: page.next })}>
          {said.more}
        </a>
      )}
    </>
  )
}
