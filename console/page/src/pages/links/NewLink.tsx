import { useRef, useState } from "preact/hooks"
import { ask } from "../../api/client"
import { NotAllowed } from "../../parts/states"
import { pageOf } from "../../state/linkAddress"
import { go, inThisZone, place } from "../../state/place"
import { may, session, zone } from "../../state/session"
import { words } from "../../text/en"
import { newKey } from "./key"
import { LinkForm, useSending } from "./LinkForm"
import { blank, bodyOf, FIELDS, type Field } from "./linkForm"

const { links: said } = words
const NEEDED = "links:write"

/** The form of a new link; the address may fill it in, so that a campaign's next link begins with its labels. */
export function NewLink() {
  const [form, setForm] = useState(() => blank(given()))
  const { problem, busy, sending } = useSending()
  const sent = useRef({ text: "", key: "" })

  async function make(): Promise<void> {
    const body = bodyOf(form, zone.value)
    const text = JSON.stringify(body)
    // The same form sent again, after a broken connection say, makes one link.
    if (sent.current.text !== text) sent.current = { text, key: newKey() }
    const link = await ask("createLink", { body, headers: { "Idempotency-Key": sent.current.key } })
    go(`${pageOf(link)}${place.value.query.has("zone") ? "&" : "?"}made=1`)
  }

  if (!may(NEEDED)) return <NotAllowed role={NEEDED} />
  return (
    <LinkForm
      form={form}
      change={(field, value) => setForm(before => ({ ...before, [field]: value }))}
      problem={problem}
      fixed={false}
      send={() => void sending(make)}
      title={<h1 tabIndex={-1}>{said.new}</h1>}
    >
      <button type="submit" class="lead" disabled={busy}>
        {busy ? said.saving : said.make}
      </button>
      <a class="button plain" href={inThisZone("/links")}>
        {said.cancel}
      </a>
    </LinkForm>
  )
}

function given(): Partial<Record<Field, string>> {
  const filled: Partial<Record<Field, string>> = { domain: session.value?.domains[0] ?? "" }
  for (const field of FIELDS) {
    const value = place.value.query.get(field)
    if (value !== null) filled[field] = value
  }
  return filled
}
