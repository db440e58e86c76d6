import { useEffect, useState } from "preact/hooks"
import { ask, ProblemError, request } from "../../api/client"
import type { LinkPatch, LinkView } from "../../api/types"
import { Copy } from "../../parts/actions"
import { SavedViews } from "../../parts/SavedViews"
import { Failed, Skeleton } from "../../parts/states"
import { useAsked } from "../../state/asked"
import { go, inThisZone, place } from "../../state/place"
import { may, zone } from "../../state/session"
import { words } from "../../text/en"
import { dash } from "../../text/locale"
import { listText } from "./branches"
import { Code } from "./Code"
import { Deleting } from "./Deleting"
import { LinkCounts } from "./LinkCounts"
import { LinkForm, useSending } from "./LinkForm"
import { LinkTest } from "./LinkTest"
import { differences, type Form, formOf, type Part, patchOf, rebased } from "./linkForm"
import { publicAddress } from "./publicAddress"
import "./links.css"

const { links: said } = words

/** Of a change that is durable, and that this host does not follow yet. */
const ACCEPTED = 202

/** A link: its address, what it counted, where it leads, and the form that changes it. */
export function LinkPage({ parts }: { parts: Record<string, string> }) {
  const path = { domain: parts["domain"] ?? "", slug: parts["slug"] ?? "" }
  // What somebody edits is not asked anew under their hands: a save says when it has changed meanwhile.
  const asked = useAsked("readLink", { path }, { everyMs: 0 })
  if (asked.data) return <Known first={asked.data} />
  return asked.problem ? <Failed problem={asked.problem} again={asked.again} /> : <Skeleton height={400} />
}

function Known({ first }: { first: LinkView }) {
  const [link, setLink] = useState(first)
  const address = publicAddress(link)
  const made = place.value.query.has("made")
  const [edits, setEdits] = useState<LinkPatch | null>(null)
  return (
    <>
      <div class="head">
        <div>
          <h1 tabIndex={-1}>{link.link}</h1>
          <p class="soft">
            {link.archived_at ? `${said.archived}. ${said.archiveHint}` : link.title || link.campaign}
          </p>
        </div>
        <div class="chosen">
          <SavedViews name={link.link} />
          <Copy of={said.address} text={() => address} />
          <a class="button" href={address} target="_blank" rel="noreferrer">
            {said.open}
          </a>
        </div>
      </div>
      {made && (
        <p class="told" role="status">
          {said.made}
        </p>
      )}
      {link.warnings.map(warning => (
        <p class="refused" key={warning}>
          {warning}
        </p>
      ))}
      <div class="link-page">
        <div class="beside">
          {may("reports:read") && <LinkCounts link={link} />}
          <LinkTest link={link} edits={edits} />
          <Code link={link} />
        </div>
        <div>
          {may("links:write") ? (
            <Edit link={link} took={setLink} edits={setEdits} key={link.link} />
          ) : (
            <>
              <p class="soft">{said.readOnly("links:write")}</p>
              <Destinations link={link} />
            </>
          )}
        </div>
      </div>
    </>
  )
}

function Edit(props: {
  link: LinkView
  took: (link: LinkView) => void
  edits: (edits: LinkPatch | null) => void
}) {
  const { link, took, edits } = props
  const own = zone.value
  const [base, setBase] = useState(() => formOf(link, own))
  const [form, setForm] = useState(base)
  const [theirs, setTheirs] = useState<{ before: Form; link: LinkView }>()
  const { problem, setProblem, busy, sending } = useSending()
  const [told, setTold] = useState("")
  const path = { domain: link.domain, slug: link.slug }
  const patch = patchOf(base, form, own)
  useLeaving(patch !== null)
  useEffect(() => edits(patch), [JSON.stringify(patch)])

  function take(fresh: LinkView): void {
    took(fresh)
    setBase(formOf(fresh, own))
  }

  async function send(body: NonNullable<typeof patch>): Promise<void> {
    setTold("")
    try {
      const answer = await request("changeLink", { path, body, headers: { "If-Match": link.etag } })
      const fresh = (await answer.json()) as LinkView
      take(fresh)
      setForm(formOf(fresh, own))
      setTheirs(undefined)
      setTold(answer.status === ACCEPTED ? said.savedSoon : said.saved)
    } catch (error) {
      if (!(error instanceof ProblemError) || error.details.status !== 412) throw error
      await meet()
    }
  }

  /** Somebody was faster: their link becomes what is edited, with my edits on top. */
  async function meet(): Promise<void> {
    const fresh = await ask("readLink", { path })
    setTheirs({ before: base, link: fresh })
    setForm(mine => rebased(mine, base, formOf(fresh, own)))
    take(fresh)
  }

  return (
    <LinkForm
      form={form}
      change={(field, value) => {
        setTold("")
        setForm(before => ({ ...before, [field]: value }))
      }}
      problem={problem}
      fixed
      send={() => {
        if (patch) void sending(() => send(patch))
        else setTold(said.unchanged)
      }}
      between={
        theirs && (
          <Conflict
            before={theirs.before}
            theirs={formOf(theirs.link, own)}
            mine={form}
            discard={() => {
              setForm(formOf(theirs.link, own))
              setTheirs(undefined)
            }}
          />
        )
      }
    >
      <button type="submit" class="lead" disabled={busy}>
        {busy ? said.saving : said.save}
      </button>
      <button
        type="button"
        title={said.archiveHint}
        disabled={busy}
        onClick={() => void sending(() => send({ archived: link.archived_at === null }))}
      >
        {link.archived_at ? said.unarchive : said.archive}
      </button>
      <Deleting link={link} refused={setProblem} deleted={() => go(inThisZone("/links/deleted"))} />
      <span class="soft" role="status">
        {told}
      </span>
    </LinkForm>
  )
}

/** What others changed while this was edited. */
function Conflict(props: { before: Form; theirs: Form; mine: Form; discard: () => void }) {
  const { before, theirs, mine, discard } = props
  return (
    <section class="conflict" role="alert">
      <h2>{said.conflict}</h2>
      <p>{said.conflictHint}</p>
      <ul>
        {differences(mine, before, theirs).map(({ part, both }) => (
          <li key={part}>
            {both
              ? said.both(said.field[part], partText(theirs, part), partText(mine, part))
              : said.theirs(said.field[part], partText(before, part), partText(theirs, part))}
          </li>
        ))}
      </ul>
      <button type="button" onClick={discard}>
        {said.discard}
      </button>
    </section>
  )
}

function partText(form: Form, part: Part): string {
  const text = part === "variants" || part === "rules" ? listText(form[part]) : form[part]
  return text || dash
}

/** Ask before a window with unsaved edits is closed. */
function useLeaving(edited: boolean): void {
  useEffect(() => {
    if (!edited) return
    const stay = (event: BeforeUnloadEvent) => event.preventDefault()
    addEventListener("beforeunload", stay)
    return () => removeEventListener("beforeunload", stay)
  }, [edited])
}

/** Variants and rules as they are, for who may only look. */
function Destinations({ link }: { link: LinkView }) {
  if (!link.variants.length && !link.rules.length) return null
  return (
    <section class="destinations">
      <h2>{said.destinations}</h2>
      <dl>
        {link.rules.map(({ number, name, destination, countries, languages, devices }) => (
          <div key={number}>
            <dt>
              {name} <span class="soft">{[...countries, ...languages, ...devices].join(", ")}</span>
            </dt>
            <dd>{destination}</dd>
          </div>
        ))}
        {link.variants.map(({ number, name, destination, weight }) => (
          <div key={number}>
            <dt>
              {name} <span class="soft">{said.weight(weight)}</span>
            </dt>
            <dd>{destination}</dd>
          </div>
        ))}
      </dl>
    </section>
  )
}
