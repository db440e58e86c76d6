import { useRef, useState } from "preact/hooks"
import { ask, ProblemError } from "../api/client"
import type { MadeShare } from "../api/types"
import { iso } from "../state/period"
import { inThisZone, place } from "../state/place"
import { zone } from "../state/session"
import type { Scope } from "../state/shares"
import { useShortcuts } from "../state/shortcuts"
import { words } from "../text/en"
import { time } from "../text/locale"
import { Copy } from "./actions"
import { Choose } from "./Choose"
import { Menu } from "./Menu"

const { shares: said } = words
const DAY_MS = 86_400_000
const USUAL_DAYS = "30"

/** Make a read-only link of the view that is seen, as long as somebody needs it; `shows` says to what it is limited. */
export function ShareMenu(props: {
  name: string
  shows: string
  limits: { scope: Scope } | { sides: string[] }
}) {
  const { name, shows, limits } = props
  const menu = useRef<HTMLDetailsElement>(null)
  const [made, setMade] = useState<MadeShare>()
  const [days, setDays] = useState(USUAL_DAYS)
  const [busy, setBusy] = useState(false)
  const [wrong, setWrong] = useState("")
  useShortcuts([{ keys: "s", does: said.key, run: open }])

  function open(): void {
    if (!menu.current) return
    menu.current.open = true
    menu.current.querySelector<HTMLElement>("input")?.focus()
  }

  async function make(called: string): Promise<void> {
    const { path, query } = place.value
    setBusy(true)
    setWrong("")
    try {
      const body = {
        view: query.size ? `${path}?${query}` : path,
        ...limits,
        name: called,
        expires_at: iso(Date.now() + Number(days) * DAY_MS),
      }
      setMade(await ask("makeShare", { body }))
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      setWrong(error.details.detail || words.state.unreachable)
    }
    setBusy(false)
  }

  return (
    <Menu name={said.share} menu={menu} kept={made !== undefined} closed={() => setMade(undefined)}>
      <p>{said.shows(shows)}</p>
      {made ? (
        <Made made={made} another={() => setMade(undefined)} />
      ) : (
        <form
          class="shares-view"
          onSubmit={event => {
            event.preventDefault()
            void make(String(new FormData(event.currentTarget).get("name")).trim())
          }}
        >
          <label>
            <span class="soft">{said.name}</span>
            <input name="name" defaultValue={name} maxLength={256} required />
          </label>
          <div class="ends">
            <span class="soft">{said.until}</span>
            <Choose label={said.until} value={days} choices={Object.entries(said.days)} choose={setDays} />
          </div>
          {wrong && <p role="alert">{wrong}</p>}
          <button type="submit" class="lead" disabled={busy}>
            {busy ? said.making : said.make}
          </button>
        </form>
      )}
      <a href={inThisZone("/shares")}>{said.list}</a>
    </Menu>
  )
}

function Made({ made, another }: { made: MadeShare; another: () => void }) {
  const address = new URL(made.address, location.origin).href
  return (
    <div class="shares-view" role="status">
      <p class="soft">{said.made(time(made.share.expires_at, "long", zone.value))}</p>
      <div class="given">
        <input
          readOnly
          aria-label={said.address}
          value={address}
          onFocus={event => event.currentTarget.select()}
        />
        <Copy of={said.copied} text={() => address} />
      </div>
      <button type="button" onClick={another}>
        {said.another}
      </button>
    </div>
  )
}

/** What a share shows, in words. */
export function scopeText(scope: Scope): string {
  const named = Object.entries(scope).filter(([label, value]) => value || label !== "account")
  if (!named.length) return said.all
  return named
    .map(([label, value]) => {
      const shown = label === "channel" ? (words.channel[value] ?? value) : value
      return said.of(said.label[label] ?? label, shown || words.campaigns.noName)
    })
    .join(", ")
}
