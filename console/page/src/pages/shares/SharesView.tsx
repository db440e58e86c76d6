import { useRef, useState } from "preact/hooks"
import { ask, ProblemError } from "../../api/client"
import type { ShareView } from "../../api/types"
import { Actions, tabbed } from "../../parts/actions"
import { Scrolls } from "../../parts/Scrolls"
import { scopeText } from "../../parts/ShareMenu"
import { Failed, Skeleton, Stale } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { inThisZone } from "../../state/place"
import { zone } from "../../state/session"
import { words } from "../../text/en"
import { time } from "../../text/locale"
import { label } from "../compare/label"
import { namesOf, sidesIn } from "../compare/sides"
import "./shares.css"

const { shares: said } = words
const MOST = 1000

/** What is shared with whom has a link: until when, by whom, and how to end it. */
export function SharesView() {
  const asked = useAsked("listShares", { query: { limit: MOST } })
  const shares = [...(asked.data?.shares ?? [])].sort(
    (one, other) =>
      Number(other.state === "open") - Number(one.state === "open") ||
      other.created_at.localeCompare(one.created_at),
  )
  return (
    <>
      <div class="head">
        <div>
          <h1 tabIndex={-1}>{said.title}</h1>
          <p class="soft">{said.what}</p>
        </div>
        {shares.length > 0 && (
          <Actions of={said.title} copy={() => tabbed([COLUMNS, ...shares.map(cells)])} />
        )}
      </div>
      {asked.problem && asked.at && <Stale at={asked.at} again={asked.again} />}
      {!asked.data ? (
        asked.problem ? (
          <Failed within problem={asked.problem} again={asked.again} />
        ) : (
          <Skeleton height={320} />
        )
      ) : shares.length ? (
        <>
          <Table shares={shares} changed={asked.again} />
          {asked.data.next && <p class="soft">{said.notAll}</p>}
        </>
      ) : (
        <p class="none">
          {said.none}. <span class="soft">{said.noneHint}</span>{" "}
          <a href={inThisZone("/campaigns")}>{said.toCampaigns}</a>
        </p>
      )}
    </>
  )
}

function Table({ shares, changed }: { shares: readonly ShareView[]; changed: () => void }) {
  const { columns } = said
  const at = (moment: string) => time(moment, "dayAndTime", zone.value)
  return (
    <Scrolls label={said.title}>
      <table class="shares">
        <thead>
          <tr>
            <th>{columns.name}</th>
            <th class="aside">{columns.shows}</th>
            <th class="aside">{columns.by}</th>
            <th class="aside">{columns.made}</th>
            <th class="aside">{columns.ends}</th>
            <th class="aside">{columns.state}</th>
            <td />
          </tr>
        </thead>
        <tbody>
          {shares.map(share => (
            <tr key={share.id} class={share.state === "open" ? undefined : "soft"}>
              <td class="named folds">
                <a class="campaign" href={share.view}>
                  {share.name || share.view}
                </a>
                <span class="under soft">
                  {limitsText(share)} · {said.told(share.state, at(share.revoked_at ?? share.expires_at))}
                </span>
              </td>
              <td class="wide aside">{limitsText(share)}</td>
              <td class="aside">{share.made_by}</td>
              <td class="aside">{at(share.created_at)}</td>
              <td class="aside">{at(share.revoked_at ?? share.expires_at)}</td>
              <td class="aside">{said.state[share.state]}</td>
              <td class="number">{share.state === "open" && <Revoke share={share} done={changed} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scrolls>
  )
}

/** End a share, after a question. */
function Revoke({ share, done }: { share: ShareView; done: () => void }) {
  const dialog = useRef<HTMLDialogElement>(null)
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState("")
  const name = share.name || share.view
  const question = `revoking-${share.id}`

  async function revoke(): Promise<void> {
    setBusy(true)
    setWrong("")
    try {
      await ask("revokeShare", { path: { share: share.id } })
      dialog.current?.close()
      done()
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      setWrong(error.details.detail || words.state.unreachable)
    }
    setBusy(false)
  }

  return (
    <>
      <button
        type="button"
        class="plain"
        aria-label={said.revokeOf(name)}
        onClick={() => dialog.current?.showModal()}
      >
        {said.revoke}
      </button>
      <dialog ref={dialog} aria-labelledby={question}>
        <p id={question}>{said.revokeSure(name)}</p>
        {wrong && <p role="alert">{wrong}</p>}
        <div class="sends">
          <button type="button" class="lead" disabled={busy} onClick={() => void revoke()}>
            {said.revokeYes}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            {said.cancel}
          </button>
        </div>
      </dialog>
    </>
  )
}

const COLUMNS = ["name", "view", "shows", "made_by", "created_at", "expires_at", "state"]

function cells(share: ShareView): string[] {
  const { name, view, made_by, created_at, expires_at, state } = share
  return [name, view, limitsText(share), made_by, created_at, expires_at, state]
}

/** What a share is limited to, in words: labels, or a comparison. */
function limitsText({ scope, sides }: ShareView): string {
  return sides.length ? words.compare.shared(namesOf(sidesIn(sides), label).join(" / ")) : scopeText(scope)
}
