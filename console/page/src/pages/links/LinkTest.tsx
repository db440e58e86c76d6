import { useEffect, useRef, useState } from "preact/hooks"
import type { Query } from "../../api/client"
import type { AnswerView, CountedAs, LinkPatch, LinkView } from "../../api/types"
import { Skeleton } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { momentOf } from "../../state/moments"
import { place, setQuery } from "../../state/place"
import { zone } from "../../state/session"
import { words } from "../../text/en"
import { percent } from "../../text/locale"
import { AGENTS, DEVICE_NAMES } from "./agents"
import { DEVICES } from "./branches"

const said = words.links.test
const ASKED = [
  "country",
  "language",
  "device",
  "ua",
  "network",
  "query",
  "at",
  "visitor",
  "ahead",
  "dnt",
] as const

const PAUSE_MS = 400
const NETWORKS = ["office", "mail_scanner", "datacenter"] as const

/** Where would somebody be led, by what, and would it be counted: by the link with the edits that are not saved. */
export function LinkTest({ link, edits }: { link: LinkView; edits: LinkPatch | null }) {
  const { query } = place.value
  const shown = query.has("test")
  const path = { domain: link.domain, slug: link.slug }
  const body = useSettled(edits)
  const asking = shown ? { path, query: questionOf(query) } : null
  const saved = useAsked("testLink", body ? null : asking, { everyMs: 0 })
  const edited = useAsked("testEdits", body && asking && { ...asking, body }, { everyMs: 0 })
  const answer = body ? edited : saved
  const former = answer.former || JSON.stringify(body) !== JSON.stringify(edits)
  const [open, setOpen] = useState(shown)
  const tested = useRef(link.etag)
  const first = useRef(true)
  const details = useRef<HTMLDetailsElement>(null)
  // Asked elsewhere on the page, by a rule: it is to be seen.
  useEffect(() => {
    if (shown) setOpen(true)
    if (shown && !first.current) details.current?.scrollIntoView({ block: "nearest" })
    first.current = false
  }, [query])
  // What was saved since answers otherwise.
  useEffect(() => {
    if (tested.current !== link.etag) answer.again()
    tested.current = link.etag
  }, [link.etag])
  return (
    <details ref={details} open={open} onToggle={event => setOpen(event.currentTarget.open)}>
      <summary>{said.title}</summary>
      <p class="soft">
        {said.hint} {edits && said.edited}
      </p>
      <form
        class="asks"
        key={query.toString()}
        onSubmit={event => {
          event.preventDefault()
          const given = new FormData(event.currentTarget)
          const changes = ASKED.map(name => [name, String(given.get(name) ?? "").trim() || null])
          setQuery({ ...Object.fromEntries(changes), test: "1", made: null })
          answer.again()
        }}
      >
        <label>
          {said.country}
          <input name="country" maxLength={2} placeholder="DE" defaultValue={query.get("country") ?? ""} />
        </label>
        <label>
          {said.language}
          <input name="language" maxLength={12} placeholder="de" defaultValue={query.get("language") ?? ""} />
        </label>
        <label>
          {said.device}
          <select name="device">
            <option value="">{said.any}</option>
            {DEVICES.map(device => (
              <option value={device} key={device} selected={query.get("device") === device}>
                {DEVICE_NAMES[device]}
              </option>
            ))}
          </select>
        </label>
        <label>
          {said.ua}
          <input name="ua" maxLength={512} placeholder="curl/8.5.0" defaultValue={query.get("ua") ?? ""} />
        </label>
        <label>
          {said.network}
          <select name="network">
            <option value="">{said.noNetwork}</option>
            {Object.entries(said.networks).map(([network, name]) => (
              <option value={network} key={network} selected={query.get("network") === network}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          {said.at}
          <input name="at" type="datetime-local" defaultValue={query.get("at") ?? ""} />
        </label>
        <label>
          {said.query}
          <input name="query" placeholder="qr=1" defaultValue={query.get("query") ?? ""} />
        </label>
        <label>
          {said.visitor}
          <input name="visitor" type="number" min="0" defaultValue={query.get("visitor") ?? ""} />
        </label>
        <label class="tick">
          <input name="ahead" type="checkbox" value="1" defaultChecked={query.has("ahead")} />
          {said.ahead}
        </label>
        <label class="tick">
          <input name="dnt" type="checkbox" value="1" defaultChecked={query.has("dnt")} />
          {said.dnt}
        </label>
        <button type="submit">{said.ask}</button>
      </form>
      {shown && answer.problem && <p role="alert">{answer.problem.detail || words.state.unreachable}</p>}
      {shown &&
        !answer.problem &&
        (answer.data ? <Told answer={answer.data} former={former} /> : <Skeleton height={96} />)}
    </details>
  )
}

/** What somebody edits, once they pause. */
function useSettled(edits: LinkPatch | null): LinkPatch | null {
  const [settled, setSettled] = useState(edits)
  const key = JSON.stringify(edits)
  useEffect(() => {
    const timer = setTimeout(() => setSettled(edits), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [key])
  return settled
}

function questionOf(query: URLSearchParams): Query<"testLink"> {
  const at = momentOf(query.get("at") ?? "", zone.value)
  const agent = query.get("ua") || AGENTS[query.get("device") ?? ""]
  const network = NETWORKS.find(name => name === query.get("network"))
  const visitor = Number(query.get("visitor") ?? "")
  const country = (query.get("country") ?? "").toUpperCase()
  const language = (query.get("language") ?? "").toLowerCase()
  const asked = (query.get("query") ?? "").replace(/^\?/, "")
  return {
    ...(country ? { country } : {}),
    ...(language ? { language } : {}),
    ...(asked ? { query: asked } : {}),
    ...(agent ? { ua: agent } : {}),
    ...(at ? { at } : {}),
    ...(visitor ? { visitor } : {}),
    ...(network ? { network } : {}),
    ...(query.has("ahead") ? { purpose: "prefetch" } : {}),
    ...(query.has("dnt") ? { dnt: true } : {}),
  }
}

function Told({ answer, former }: { answer: AnswerView; former: boolean }) {
  return (
    <dl class="answer" aria-busy={former}>
      <dt>{said.leads}</dt>
      <dd>
        {answer.location === null ? (
          said.nowhere(answer.status)
        ) : (
          <>
            {answer.location} <span class="soft">{said.answer(answer.status)}</span>
          </>
        )}
      </dd>
      <dt>{said.because}</dt>
      <dd>{said.why[answer.why]?.(answer.name) ?? answer.why}</dd>
      {answer.split.length > 0 && (
        <>
          <dt>{said.split}</dt>
          <dd>{answer.split.map(one => `${one.name || said.own} ${percent(one.share, 0)}`).join(", ")}</dd>
        </>
      )}
      <dt>{said.counted}</dt>
      <dd>{answer.counted ? (answer.scan ? said.isScan : said.isCounted) : said.notCounted}</dd>
      {answer.counted_as && <Class counted={answer.counted_as} />}
    </dl>
  )
}

function Class({ counted }: { counted: CountedAs }) {
  const { traffic_class: named, reason } = counted
  return (
    <>
      <dt>{said.class}</dt>
      <dd>
        {named === null ? (
          counted.unjudged
        ) : (
          <>
            {said.classes[named] ?? named}
            {reason && `, ${said.reasons[reason] ?? reason}`}{" "}
            <span class="soft">{said.byRules(counted.rules)}</span>
          </>
        )}
      </dd>
      <dt>{said.recognized}</dt>
      <dd>{counted.recognized ? said.isRecognized : said.notRecognized}</dd>
    </>
  )
}
